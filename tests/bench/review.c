/* review.c - AdmissionReviews, parse to answer, against json-c's parse of the same bytes.
 *
 *	review FILE [CONTAINERS]...
 *
 * FILE's pod, with its first container repeated so many times (1).  Prints for each
 * "containers bytes parse_us review_us", medians over batches that take turns.
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

/* FILE as the API server would send it with `count` containers like the first. */
static char *repeat(const char *path, long count, size_t *out_len)
{
	struct json_object *review = json_object_from_file(path), *object, *spec, *list, *first;
	char *text = NULL, name[32];

	if (json_object_object_get_ex(json_object_object_get(review, "request"), "object",
	                              &object) &&
	    json_object_object_get_ex(object, "spec", &spec) &&
	    json_object_object_get_ex(spec, "containers", &list)) {
		first = json_object_array_get_idx(list, 0);
		for (long i = 1; i < count; i++) {
			struct json_object *more = NULL;

			json_object_deep_copy(first, &more, NULL);
			snprintf(name, sizeof(name), "web-%ld", i);
			json_object_object_add(more, "name", json_object_new_string(name));
			json_object_array_add(list, more);
		}
		text = strdup(json_object_to_json_string_ext(
		        review, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		*out_len = text ? strlen(text) : 0;
	}
	json_object_put(review);
	return text;
}

static void measure(const struct policy *policy, const char *path, long containers)
{
	double parse[BATCHES], review[BATCHES];
	size_t len;
	char *text = repeat(path, containers, &len);
	long count = 1 + 500 / containers;

	if (!text) {
		fprintf(stderr, "review: %s: no AdmissionReview of a pod\n", path);
		exit(1);
	}
	for (int b = 0; b < BATCHES; b++) {
		double start = now_us();

		for (long i = 0; i < count; i++)
			parse_once(text, len);
		parse[b] = (now_us() - start) / (double)count;
		start = now_us();
		for (long i = 0; i < count; i++)
			review_once(policy, text, len);
		review[b] = (now_us() - start) / (double)count;
	}
	qsort(parse, BATCHES, sizeof(double), by_size);
	qsort(review, BATCHES, sizeof(double), by_size);
	printf("%ld %zu %.1f %.1f\n", containers, len, parse[BATCHES / 2], review[BATCHES / 2]);
	free(text);
}

int main(int argc, char **argv)
{
	struct policy policy;

	if (argc < 2 || policy_init(&policy) < 0) {
		fputs("usage: review FILE [CONTAINERS]...\n", stderr);
		return 2;
	}
	for (int i = 2; i < argc || i == 2; i++) {
		long containers = i < argc ? strtol(argv[i], NULL, 10) : 1;

		if (containers < 1 || containers > 256) {
			fprintf(stderr, "review: %s: 1 to 256 containers\n", argv[i]);
			return 2;
		}
		measure(&policy, argv[1], containers);
	}
	policy_done(&policy);
	return 0;
}
