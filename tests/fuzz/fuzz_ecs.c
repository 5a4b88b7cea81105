/* fuzz_ecs.c - any JSON as a task definition: left alone, or rewritten by a patch that held. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "webhook/ecs/ecs.h"
#include "webhook/mutate/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One document through all that farguardctl does with it. */
static void run(const struct policy *policy, struct json_object *document)
{
	struct mutate_result result, again;
	struct json_object *undo;
	struct err err = {0};

	ecs_inject(policy, "enabled", document, &result);
	/* A patch that does not give the definition back would be a bug, however odd that is. */
	if (!result.patch || result.reason == REASON_SELF_CHECK_FAILED ||
	    result.reason == REASON_INTERNAL_ERROR)
		abort();
	if (result.reason == REASON_INJECTED || result.reason == REASON_REPAIRED) {
		if (mutate_apply(document, result.patch, &err) < 0)
			abort();
		ecs_inject(policy, "enabled", document, &again);
		if (again.reason != REASON_ALREADY_INJECTED)
			abort();
		mutate_result_done(&again);
	}
	undo = ecs_undo(document);
	if (!undo || mutate_apply(document, undo, &err) < 0)
		abort();
	json_object_put(undo);
	mutate_result_done(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *document;
	struct policy policy;

	if (!tokener || size > INT32_MAX || policy_init(&policy) < 0)
		return 0;
	if (size & 1)
		policy.inject.preload_env = POLICY_PRELOAD_ALWAYS;
	document = json_tokener_parse_ex(tokener, (const char *)data, (int)size);
	if (document)
		run(&policy, document);
	json_object_put(document);
	json_tokener_free(tokener);
	policy_done(&policy);
	return 0;
}
