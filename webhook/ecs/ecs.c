/* ecs.c - decide, rewrite, and check that the patch is what it says before anybody sees it. */
#include "webhook/ecs/ecs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/ecs/choose.h"
#include "webhook/ecs/rewrite.h"
#include "webhook/ecs/takeout.h"
#include "webhook/mutate/apply.h"
#include "webhook/mutate/tree.h"
#include "webhook/mutate/words.h"

#define SENTENCE_MAX 256

/* A copy of `document` without Farguard, or NULL. */
static struct json_object *without(struct json_object *document, struct err *err)
{
	CLEANUP(ops_done) struct ops ops = {0};
	struct task task;

	ops_init(&ops);
	if (task_read(&task, NULL, document) == REASON_INJECTED)
		takeout_task(&task, &ops);
	if (ops.build.failed) {
		err_set(err, ENOMEM, "no memory to undo");
		return NULL;
	}
	return apply_copy(document, ops.list, ops.count, err);
}

/* Taking it out must give what taking it out of `before` gives, which is `before` itself when
 * nothing of ours was there. */
static bool check_undo(struct json_object *before, struct json_object *after, struct err *err)
{
	CLEANUP(tree_putp) struct json_object *wanted = without(before, err);
	CLEANUP(tree_putp) struct json_object *got = without(after, err);

	if (!wanted || !got)
		return false;
	if (tree_equal(got, wanted, 0))
		return true;
	err_set(err, EBADE, "undoing the patch does not give the task definition back");
	return false;
}

/* Injecting once more must find nothing to do. */
static bool check_complete(const struct policy *policy, const char *inject,
                           struct json_object *after, struct err *err)
{
	CLEANUP(ops_done) struct ops ops = {0};
	struct task again;

	ops_init(&ops);
	if (task_read(&again, policy, after) == REASON_INJECTED && again.install >= 0 &&
	    again.agent >= 0 && again.volume && choose_make(&again, inject) == REASON_INJECTED) {
		rewrite_task(&again, &ops);
		if (!ops.build.failed && ops.count == 0)
			return true;
	}
	err_set(err, EBADE, "the patched task definition lacks a part at %.100s",
	        ops.count ? ops.list[0].path : "its head");
	return false;
}

/* What ECS measures: the definition without blanks. */
static size_t bytes_of(struct json_object *document)
{
	CLEANUP(writer_done) struct writer text = {0};

	writer_add_json(&text, document);
	return text.failed ? ECS_BYTES_MAX + 1 : text.len;
}

static enum reason fail(struct mutate_result *out, enum reason reason, const char *detail)
{
	snprintf(out->detail, sizeof(out->detail), "%.150s", detail);
	return reason;
}

static enum reason write_patch(struct task *task, const char *inject, struct json_object *document,
                               struct ops *ops, struct mutate_result *out)
{
	CLEANUP(tree_putp) struct json_object *after = NULL;
	enum reason reason = task_is_repair(task) ? REASON_REPAIRED : REASON_INJECTED;
	struct err err = {0};

	rewrite_task(task, ops);
	if (!ops->build.failed && ops->count == 0)
		return fail(out, REASON_ALREADY_INJECTED, "nothing is missing");
	out->status = rewrite_label(task, ops, reason);
	if (ops->build.failed)
		return fail(out, REASON_INTERNAL_ERROR, "no memory for the patch");
	after = apply_copy(document, ops->list, ops->count, &err);
	if (!after || !check_complete(task->policy, inject, after, &err) ||
	    !check_undo(document, after, &err))
		return fail(out, REASON_SELF_CHECK_FAILED, err.text);
	if (bytes_of(after) > ECS_BYTES_MAX)
		return fail(out, REASON_TOO_LARGE, "ECS takes 64 KiB, and ours would exceed it");
	return reason;
}

__attribute__((format(printf, 3, 4))) static void
say(struct tree_build *build, struct json_object *list, const char *fmt, ...)
{
	char sentence[SENTENCE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	tree_push(build, list, tree_new_string(build, sentence));
}

/* What whoever asked for it would not find out otherwise. */
static struct json_object *warnings(const struct task *task, bool is_done)
{
	struct tree_build build = {0};
	struct json_object *list = tree_new_list(&build);

	if (task->unknown)
		say(&build, list,
		    "farguard: unknown-annotation-value: a tag's value is not known and "
		    "ignored: %s=%.60s",
		    task->unknown_key, task->unknown);
	for (size_t i = 0; i < task->count && is_done; i++) {
		const struct task_container *c = &task->containers[i];

		if (c->selected && !c->covered)
			say(&build, list,
			    "farguard: container \"%.60s\" is not covered: %s: it has no "
			    "entryPoint%s",
			    c->name, c->reason,
			    strcmp(c->reason, "static-entrypoint") == 0
			            ? ", and docker-init is its first program"
			            : "");
	}
	return list;
}

void ecs_inject(const struct policy *policy, const char *inject, struct json_object *document,
                struct mutate_result *out)
{
	CLEANUP(ops_done) struct ops ops = {0};
	struct task task;

	*out = (struct mutate_result){0};
	ops_init(&ops);
	out->reason = task_read(&task, policy, document);
	if (out->reason == REASON_INJECTED)
		out->reason = choose_make(&task, inject);
	snprintf(out->detail, sizeof(out->detail), "%s", task.detail);
	if (out->reason == REASON_INJECTED)
		out->reason = write_patch(&task, inject, document, &ops, out);
	out->warnings =
	        warnings(&task, out->reason == REASON_INJECTED || out->reason == REASON_REPAIRED);
	if (out->reason == REASON_INJECTED || out->reason == REASON_REPAIRED) {
		out->patch = ops_json(&ops);
		if (out->patch)
			return;
		out->reason = fail(out, REASON_INTERNAL_ERROR, "no memory for the patch");
	}
	tree_putp(&out->status);
	out->patch = json_object_new_array();
}

struct json_object *ecs_undo(struct json_object *document)
{
	CLEANUP(ops_done) struct ops ops = {0};
	struct task task;

	ops_init(&ops);
	if (task_read(&task, NULL, document) == REASON_INJECTED)
		takeout_task(&task, &ops);
	return ops.build.failed ? NULL : ops_json(&ops);
}

bool ecs_is_described(struct json_object *document)
{
	static const char *const members[] = {
	        "taskDefinition",  "taskDefinitionArn",  "revision",     "status",
	        "compatibilities", "requiresAttributes", "registeredAt", "registeredBy"};

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (tree_has(document, members[i]))
			return true;
	return false;
}
