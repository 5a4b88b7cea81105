/* fuzz_review.c - any bytes as an AdmissionReview: refused, or allowed with a patch that held. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "webhook/mutate/review.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int lookup(void *ctx, const char *namespace, struct review_namespace *out)
{
	(void)ctx;
	if (strcmp(namespace, "later") == 0)
		return -EAGAIN;
	memcpy(out->inject, "enabled", 8);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct review_world world = {.native_sidecars = size & 1, .namespace = lookup};
	struct review_outcome outcome;
	struct policy policy;
	struct err err = {0};
	char *body = NULL;
	size_t len;
	int r;

	if (policy_init(&policy) < 0)
		return 0;
	r = review_answer(&policy, &world, (const char *)data, size, &body, &len, &outcome, &err);
	if (r == 0 && (!body || strlen(body) != len || !strstr(body, "\"allowed\":true")))
		abort();
	/* A patch that does not give the pod back would be a bug, however odd the pod. */
	if (r == 0 && outcome.reason == REASON_SELF_CHECK_FAILED)
		abort();
	if (r < 0 && (body || err.code != -r))
		abort();
	free(body);
	policy_done(&policy);
	return 0;
}
