/* mutate.c - plan, patch, and the check that the patch is what it says. */
#include "webhook/mutate/mutate.h"

#include <stdio.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/mutate/apply.h"
#include "webhook/mutate/edit.h"
#include "webhook/mutate/fargate.h"
#include "webhook/mutate/ops.h"
#include "webhook/mutate/plan.h"
#include "webhook/mutate/status.h"
#include "webhook/mutate/words.h"

/* A sentence for each warning word. */
static const struct {
	const char *word, *text;
} warning_texts[] = {
        {"qos-changed", "farguard: the pod's QoS class changes from Guaranteed to Burstable"},
        {"size-increased", "farguard: the pod needs a larger Fargate size"},
        {"fargate-refuses", "farguard: Fargate refuses this pod, also without Farguard"},
        {"unknown-annotation-value",
         "farguard: an annotation has a value that is not known; it is ignored"},
        {"no-new-privs", "farguard: programs with set-user-ID lose it"},
};

static struct json_object *warning_list(const struct plan *plan, struct tree_build *build)
{
	struct json_object *list = tree_new_list(build);
	size_t i, j;

	for (i = 0; i < plan->warning_count; i++)
		for (j = 0; j < sizeof(warning_texts) / sizeof(*warning_texts); j++)
			if (strcmp(plan->warnings[i], warning_texts[j].word) == 0)
				tree_push(build, list,
				          tree_new_string(build, warning_texts[j].text));
	return list;
}

/* Nothing is to be done, for `reason`. */
static void skip(struct mutate_result *out, enum reason reason, const char *detail)
{
	struct tree_build build = {0};

	json_object_put(out->patch);
	json_object_put(out->status);
	out->status = NULL;
	out->patch = tree_new_list(&build);
	out->reason = build.failed ? REASON_INTERNAL_ERROR : reason;
	snprintf(out->detail, sizeof(out->detail), "%s", detail);
}

/* The patched pod must give the pod back when it is undone. */
static enum reason check(const struct plan *plan, struct json_object *after, char *detail,
                         size_t cap)
{
	CLEANUP(tree_putp) struct json_object *undo = mutate_undo(after);
	CLEANUP(tree_putp) struct json_object *back = NULL;
	struct err err = {0};

	if (!undo)
		return REASON_INTERNAL_ERROR;
	back = apply_copy(after, undo, &err);
	if (!back) {
		snprintf(detail, cap, "undo: %.140s", err.text);
		return REASON_SELF_CHECK_FAILED;
	}
	if (!tree_equal(back, plan->pod, 0)) {
		snprintf(detail, cap, "undoing the patch does not give the pod back");
		return REASON_SELF_CHECK_FAILED;
	}
	return REASON_INJECTED;
}

/* A repair that found everything in place has nothing to write. */
static bool changes_nothing(const struct plan *plan, const struct ops *ops)
{
	return plan_is_repair(plan) && tree_count(ops->patch) == 0;
}

/* Write the patch; `*out_after` is the patched pod, sharing what did not change. */
static enum reason write_patch(struct plan *plan, struct ops *ops, struct mutate_result *out)
{
	enum reason reason = plan_is_repair(plan) ? REASON_REPAIRED : REASON_INJECTED;
	CLEANUP(tree_putp) struct json_object *draft = NULL;
	CLEANUP(tree_putp) struct json_object *after = NULL;
	enum reason verdict;
	struct err err = {0};

	edit_pod(plan, ops);
	if (ops->build.failed)
		return REASON_INTERNAL_ERROR;
	if (changes_nothing(plan, ops))
		return REASON_ALREADY_INJECTED;
	ops_parent(ops, plan->metadata, "/metadata", "annotations", json_type_object);
	draft = apply_copy(plan->pod, ops->patch, &err);
	if (!draft) {
		snprintf(out->detail, sizeof(out->detail), "%.150s", err.text);
		return REASON_SELF_CHECK_FAILED;
	}
	out->status = status_make(plan, ops, reason, tree_get(draft, "spec"));
	status_put(plan, ops, out->status);
	if (ops->build.failed)
		return REASON_INTERNAL_ERROR;
	if (reason == REASON_REPAIRED)
		return reason;
	after = apply_copy(plan->pod, ops->patch, &err);
	verdict = after ? check(plan, after, out->detail, sizeof(out->detail))
	                : REASON_SELF_CHECK_FAILED;
	return verdict == REASON_INJECTED ? reason : verdict;
}

void mutate_pod(const struct policy *policy, const struct mutate_context *context,
                struct json_object *pod, struct mutate_result *out)
{
	static _Thread_local struct plan plan;
	struct tree_build build = {0};
	struct ops ops;
	enum reason reason;

	memset(&plan, 0, offsetof(struct plan, containers));
	memset(&plan.count, 0, sizeof(plan) - offsetof(struct plan, count));
	plan.policy = policy;
	plan.context = context;
	plan.pod = pod;
	*out = (struct mutate_result){.reason = REASON_INTERNAL_ERROR};
	reason = plan_make(&plan);
	if (reason != REASON_INJECTED) {
		skip(out, reason, plan.detail);
		out->warnings = warning_list(&plan, &build);
		return;
	}
	ops_init(&ops);
	reason = write_patch(&plan, &ops, out);
	if (reason == REASON_INJECTED || reason == REASON_REPAIRED) {
		out->reason = reason;
		out->patch = json_object_get(ops.patch);
		snprintf(out->detail, sizeof(out->detail), "%s", plan.detail);
	} else {
		char detail[sizeof(out->detail)];

		memcpy(detail, out->detail, sizeof(detail));
		skip(out, reason, detail);
	}
	out->warnings = warning_list(&plan, &build);
	ops_done(&ops);
}

void mutate_result_done(struct mutate_result *result)
{
	json_object_put(result->patch);
	json_object_put(result->status);
	json_object_put(result->warnings);
	*result = (struct mutate_result){0};
}
