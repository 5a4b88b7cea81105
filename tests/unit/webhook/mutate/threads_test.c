/* threads_test.c - reviews in many threads share one policy, and nothing else. */
#include <pthread.h>
#include <stdlib.h>

#include "injector/base/err.h"
#include "tests/harness.h"
#include "webhook/mutate/review.h"
#include "webhook/policy/policy.h"

#define THREAD_COUNT 4
#define ROUNDS       2000

static const char review[] =
        "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{"
        "\"uid\":\"u\",\"kind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},"
        "\"operation\":\"CREATE\",\"namespace\":\"shop\",\"object\":{\"metadata\":{\"name\":\"p\"},"
        "\"spec\":{\"containers\":[{\"name\":\"a\",\"command\":[\"x\"],\"resources\":{"
        "\"limits\":{\"cpu\":\"1\",\"memory\":\"1Gi\"}}}]}}}}";

struct worker {
	pthread_t thread;
	const struct policy *policy;
	unsigned injected;
};

static int enabled(void *ctx, const char *namespace, struct review_namespace *out)
{
	(void)ctx;
	(void)namespace;
	memcpy(out->inject, "enabled", 8);
	return 0;
}

static void *run(void *ctx)
{
	const struct review_world world = {.native_sidecars = true, .namespace = enabled};
	struct worker *worker = ctx;

	for (int i = 0; i < ROUNDS; i++) {
		struct review_outcome outcome = {0};
		struct err err = {0};
		char *body = NULL;
		size_t len;

		if (review_answer(worker->policy, &world, review, sizeof(review) - 1, &body, &len,
		                  &outcome, &err) == 0)
			worker->injected += outcome.reason == REASON_INJECTED;
		free(body);
	}
	return NULL;
}

/* json-c counts references without a lock: a value of the policy that an answer merely referred
 * to was freed sooner or later under those who still used it. */
static void threads_answer_by_one_policy(void **state)
{
	struct worker workers[THREAD_COUNT] = {0};
	struct policy policy;

	(void)state;
	assert_int_equal(policy_init(&policy), 0);
	for (int i = 0; i < THREAD_COUNT; i++) {
		workers[i].policy = &policy;
		assert_int_equal(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
	}
	for (int i = 0; i < THREAD_COUNT; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].injected, ROUNDS);
	}
	policy_done(&policy);
}

TEST_MAIN(cmocka_unit_test(threads_answer_by_one_policy))
