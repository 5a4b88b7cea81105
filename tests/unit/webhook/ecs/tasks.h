/* tasks.h - task definitions as short texts for these tests; json-c reads single quotes too. */
#ifndef FARGUARD_ECS_TASKS_H
#define FARGUARD_ECS_TASKS_H

#include "tests/harness.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "injector/base/err.h"
#include "webhook/ecs/ecs.h"
#include "webhook/mutate/tree.h"

#define PLAIN                                                                                      \
	"{'family':'shop','networkMode':'awsvpc','containerDefinitions':["                         \
	"{'name':'web','image':'web:1','entryPoint':['/web']}]}"

/* A task of Fargate with these containers, and more members in front. */
#define TASK(more, containers)                                                                     \
	"{'family':'shop','networkMode':'awsvpc'," more "'containerDefinitions':[" containers "]}"
#define WEB "{'name':'web','image':'web:1','entryPoint':['/web']}"

static inline const char *text_of(struct json_object *object)
{
	return json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
	                                                      JSON_C_TO_STRING_NOSLASHESCAPE);
}

/* Member behind member behind member; keys separated by spaces, digits index lists. */
static inline struct json_object *at(struct json_object *object, const char *keys)
{
	char copy[256], *rest = copy, *key;

	snprintf(copy, sizeof(copy), "%s", keys);
	while (object && (key = strsep(&rest, " "))) {
		if (json_object_is_type(object, json_type_array))
			object = json_object_array_get_idx(object, strtoul(key, NULL, 10));
		else
			object = tree_get(object, key);
	}
	return object;
}

static inline const char *string_at(struct json_object *object, const char *keys)
{
	struct json_object *found = at(object, keys);

	if (!found)
		return "(absent)";
	return json_object_is_type(found, json_type_string) ? json_object_get_string(found)
	                                                    : text_of(found);
}

/* One task definition through ecs_inject(), and what came of it. */
struct trial {
	struct policy policy;
	const char *inject;
	struct json_object *task, *after;
	struct mutate_result result;
};

static inline void trial_init(struct trial *t)
{
	*t = (struct trial){.inject = "enabled"};
	assert_int_equal(policy_init(&t->policy), 0);
}

static inline void trial_done(struct trial *t)
{
	mutate_result_done(&t->result);
	json_object_put(t->task);
	json_object_put(t->after);
	policy_done(&t->policy);
}

/* ecs_inject() must not change its document, and its patch must apply to it. */
static inline enum reason trial_run(struct trial *t, const char *text)
{
	struct err err = {0};
	char *before;

	mutate_result_done(&t->result);
	json_object_put(t->task);
	json_object_put(t->after);
	t->after = NULL;
	t->task = json_tokener_parse(text);
	if (!t->task)
		fail_msg("no JSON: %s", text);
	before = strdup(text_of(t->task));
	ecs_inject(&t->policy, t->inject, t->task, &t->result);
	assert_string_equal(text_of(t->task), before);
	free(before);
	assert_non_null(t->result.patch);
	assert_non_null(t->result.warnings);
	assert_int_equal(json_object_deep_copy(t->task, &t->after, NULL), 0);
	if (mutate_apply(t->after, t->result.patch, &err) < 0)
		fail_msg("%s", err.text);
	return t->result.reason;
}

static inline enum reason run_again(struct trial *t)
{
	char *text = strdup(text_of(t->after));
	enum reason reason = trial_run(t, text);

	free(text);
	return reason;
}

/* `text` must be left alone for `reason`, with a detail. */
static inline void left_alone(struct trial *t, const char *text, enum reason reason)
{
	assert_string_equal(reason_name(trial_run(t, text)), reason_name(reason));
	assert_int_equal(tree_count(t->result.patch), 0);
	assert_null(t->result.status);
	assert_true(t->result.detail[0] != '\0');
}

/* What is left of `task` without Farguard. */
static inline struct json_object *taken_out(struct json_object *task)
{
	struct json_object *undo = ecs_undo(task), *back = NULL;
	struct err err = {0};

	assert_non_null(undo);
	assert_int_equal(json_object_deep_copy(task, &back, NULL), 0);
	if (mutate_apply(back, undo, &err) < 0)
		fail_msg("%s", err.text);
	json_object_put(undo);
	return back;
}

/* `text` must be injected, and the undo must give it back, key by key. */
static inline void injected(struct trial *t, const char *text)
{
	struct json_object *back;

	if (trial_run(t, text) != REASON_INJECTED)
		fail_msg("%s: %s", reason_name(t->result.reason), t->result.detail);
	back = taken_out(t->after);
	assert_string_equal(text_of(back), text_of(t->task));
	json_object_put(back);
}

/* The container of that name in what was injected. */
static inline struct json_object *container(struct trial *t, const char *name)
{
	struct json_object *list = at(t->after, "containerDefinitions");
	long found;

	if (!list)
		list = at(t->after, "taskDefinition containerDefinitions");
	found = tree_find(list, "name", name);
	if (found < 0)
		fail_msg("no container %s", name);
	return tree_at(list, (size_t)found);
}

#endif
