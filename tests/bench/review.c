/* review.c - one AdmissionReview, parse to answer, against json-c's parse of the same bytes.
 *
 *	review FILE [COUNT]
 *
 * Prints "parse_us review_us" as medians over batches.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "injector/base/err.h"
#include "webhook/mutate/review.h"
#include "webhook/policy/policy.h"

#define BATCHES 21

static int enabled(void *ctx, const char *namespace, struct review_namespace *out)
{
	(void)ctx;
	(void)namespace;
	memcpy(out->inject, "enabled", 8);
	return 0;
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void review_once(const struct policy *policy, const char *text, size_t len)
{
	static const struct review_world world = {.native_sidecars = true, .namespace = enabled};
	struct review_outcome outcome;
	struct err err = {0};
	char *body = NULL;
	size_t body_len;

	if (review_answer(policy, &world, text, len, &body, &body_len, &outcome, &err) < 0 ||
	    outcome.reason != REASON_INJECTED) {
		fprintf(stderr, "review: not injected: %s %s\n", err.text, outcome.detail);
		exit(1);
	}
	free(body);
}

static void parse_once(const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new();

	json_object_put(json_tokener_parse_ex(tokener, text, (int)len));
	json_tokener_free(tokener);
}

int main(int argc, char **argv)
{
	static char text[1 << 20];
	double parse[BATCHES], review[BATCHES];
	struct policy policy;
	long count = argc > 2 ? strtol(argv[2], NULL, 10) : 500;
	FILE *f = argc > 1 ? fopen(argv[1], "re") : NULL;
	size_t len;

	if (!f || count < 1 || policy_init(&policy) < 0) {
		fputs("usage: review FILE [COUNT]\n", stderr);
		return 2;
	}
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	for (int b = 0; b < BATCHES; b++) {
		double start = now_us();

		for (long i = 0; i < count; i++)
			parse_once(text, len);
		parse[b] = (now_us() - start) / (double)count;
		start = now_us();
		for (long i = 0; i < count; i++)
			review_once(&policy, text, len);
		review[b] = (now_us() - start) / (double)count;
	}
	qsort(parse, BATCHES, sizeof(double), by_size);
	qsort(review, BATCHES, sizeof(double), by_size);
	printf("%.1f %.1f\n", parse[BATCHES / 2], review[BATCHES / 2]);
	policy_done(&policy);
	return 0;
}
