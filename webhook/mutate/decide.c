/* decide.c - plan, patch, and the check that the patch is what it says. */
#include "webhook/mutate/decide.h"

#include <stdio.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/mutate/apply.h"
#include "webhook/mutate/check.h"
#include "webhook/mutate/edit.h"
#include "webhook/mutate/fargate.h"
#include "webhook/mutate/plan.h"
#include "webhook/mutate/status.h"
#include "webhook/mutate/words.h"

#define SENTENCE_MAX 256 /* the API server's limit for a warning */

/* A sentence for each warning word. */
static const struct {
	const char *word, *text;
} sentences[] = {
        {"qos-changed", "the pod's QoS class changes from Guaranteed to Burstable"},
        {"size-increased", "the pod needs a larger Fargate size than without Farguard"},
        {"fargate-refuses", "Fargate refuses this pod, with or without Farguard"},
        {"unknown-annotation-value", "an annotation's value is not known and ignored"},
};

static void say(struct tree_build *build, struct json_object *list, const char *word,
                const char *text, const char *detail)
{
	char sentence[SENTENCE_MAX];

	snprintf(sentence, sizeof(sentence), "farguard: %s: %s%s%.150s", word, text,
	         *detail ? ": " : "", detail);
	tree_push(build, list, tree_new_string(build, sentence));
}

/* Whether somebody who asked for injection should read on the spot why there is none. */
static bool is_news(const struct plan *plan, enum reason reason)
{
	return plan->is_wanted && reason != REASON_INJECTED && reason != REASON_REPAIRED &&
	       reason != REASON_ALREADY_INJECTED && reason != REASON_NOT_FARGATE;
}

/* What a warning is about in this pod; "" when its sentence says it all. */
static const char *about(const struct plan *plan, const char *word, struct json_object *status,
                         char out[128])
{
	struct json_object *fargate = tree_get(status, "fargate");
	const char *before = tree_string(fargate, "before"), *after = tree_string(fargate, "after");

	out[0] = '\0';
	if (strcmp(word, "unknown-annotation-value") == 0)
		return plan->unknown;
	if (strcmp(word, "fargate-refuses") == 0)
		snprintf(out, 128, "%s", fargate_refuses(plan->spec));
	else if (strcmp(word, "size-increased") == 0 && before && after)
		snprintf(out, 128, "%.32s instead of %.32s, %+.2f USD a month", after, before,
		         json_object_get_double(tree_get(fargate, "pricePerMonthDelta")));
	return out;
}

static struct json_object *warning_list(const struct plan *plan, enum reason reason,
                                        struct json_object *status, const char *detail)
{
	struct tree_build build = {0};
	char text[128];
	struct json_object *list = tree_new_list(&build);

	for (size_t i = 0; i < plan->warning_count; i++)
		for (size_t j = 0; j < sizeof(sentences) / sizeof(*sentences); j++)
			if (strcmp(plan->warnings[i], sentences[j].word) == 0)
				say(&build, list, sentences[j].word, sentences[j].text,
				    about(plan, plan->warnings[i], status, text));
	if (is_news(plan, reason))
		say(&build, list, reason_name(reason), "the pod is not guarded", detail);
	return list;
}

/* Finish the patch with the status annotation; `after` is the patched pod so far. */
static void add_status(struct plan *plan, struct ops *ops, enum reason reason,
                       struct json_object *after, struct mutate_result *out)
{
	ops_parent(ops, plan->metadata, "/metadata", "annotations", json_type_object);
	out->status = status_make(plan, ops, reason, tree_get(after, "spec"));
	status_put(plan, ops, out->status);
}

static bool has_status(const struct plan *plan)
{
	return tree_has(tree_get(plan->metadata, "annotations"), ANNOTATION_STATUS);
}

/* Write the patch and check it. */
static enum reason write_patch(struct plan *plan, struct ops *ops, struct mutate_result *out)
{
	enum reason reason = plan_is_repair(plan) ? REASON_REPAIRED : REASON_INJECTED;
	CLEANUP(tree_putp) struct json_object *after = NULL;
	struct err err = {0};
	size_t applied;

	edit_pod(plan, ops);
	if (ops->build.failed)
		return REASON_INTERNAL_ERROR;
	if (plan_is_repair(plan) && ops->count == 0 && has_status(plan))
		return REASON_ALREADY_INJECTED;
	applied = ops->count;
	after = apply_copy(plan->pod, ops->list, applied, &err);
	if (after) {
		add_status(plan, ops, reason, after, out);
		if (ops->build.failed)
			return REASON_INTERNAL_ERROR;
		if (apply_more(after, ops->list + applied, ops->count - applied, &err) < 0)
			tree_putp(&after);
	}
	if (!after) {
		snprintf(out->detail, sizeof(out->detail), "%.150s", err.text);
		return REASON_SELF_CHECK_FAILED;
	}
	if (check_patched(plan, after, out->status, out->detail, sizeof(out->detail)) < 0)
		return REASON_SELF_CHECK_FAILED;
	snprintf(out->detail, sizeof(out->detail), "%s", plan->detail);
	return reason;
}

void decide_pod(const struct policy *policy, const struct mutate_context *context,
                struct json_object *pod, struct ops *ops, struct mutate_result *out)
{
	CLEANUP(plan_done) struct plan plan;

	*out = (struct mutate_result){0};
	plan_init(&plan, policy, context, pod);
	out->reason = plan_make(&plan);
	if (out->reason == REASON_INJECTED) {
		ops_init(ops);
		out->reason = write_patch(&plan, ops, out);
	} else {
		snprintf(out->detail, sizeof(out->detail), "%s", plan.detail);
	}
	if (out->reason != REASON_INJECTED && out->reason != REASON_REPAIRED) {
		ops_done(ops);
		tree_putp(&out->status);
	}
	out->warnings = warning_list(&plan, out->reason, out->status, out->detail);
}
