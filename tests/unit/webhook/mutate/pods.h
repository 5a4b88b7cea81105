/* pods.h - pods as short texts for these tests; json-c reads single quotes too. */
#ifndef FARGUARD_MUTATE_PODS_H
#define FARGUARD_MUTATE_PODS_H

#include "tests/harness.h"

#include <json-c/json.h>
#include <stdio.h>

#include "injector/base/err.h"
#include "webhook/mutate/mutate.h"
#include "webhook/mutate/tree.h"

#define PLAIN "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'web','image':'nginx'}]}}"

static inline struct json_object *json(const char *text)
{
	struct json_object *object = json_tokener_parse(text);

	if (!object)
		fail_msg("no JSON: %s", text);
	return object;
}

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
	const char *text = json_object_get_string(at(object, keys));

	return text ? text : "(absent)";
}

/* One pod through mutate_pod(), and what came of it. */
struct trial {
	struct policy policy;
	struct mutate_context context;
	struct json_object *pod, *after;
	struct mutate_result result;
};

static inline void trial_init(struct trial *t)
{
	*t = (struct trial){.context = {.namespace = "shop",
	                                .namespace_inject = "enabled",
	                                .native_sidecars = true}};
	assert_int_equal(policy_init(&t->policy), 0);
}

/* mutate_pod() must not change its pod, and its patch must apply to it. */
static inline enum reason trial_run(struct trial *t, const char *pod)
{
	struct err err = {0};
	char *before;

	mutate_result_done(&t->result);
	json_object_put(t->pod);
	json_object_put(t->after);
	t->after = NULL;
	t->pod = json(pod);
	before = strdup(text_of(t->pod));
	mutate_pod(&t->policy, &t->context, t->pod, &t->result);
	assert_string_equal(text_of(t->pod), before);
	free(before);
	assert_non_null(t->result.patch);
	assert_non_null(t->result.warnings);
	assert_int_equal(json_object_deep_copy(t->pod, &t->after, NULL), 0);
	if (mutate_apply(t->after, t->result.patch, &err) < 0)
		fail_msg("%s", err.text);
	return t->result.reason;
}

static inline void trial_done(struct trial *t)
{
	mutate_result_done(&t->result);
	json_object_put(t->pod);
	json_object_put(t->after);
	policy_done(&t->policy);
}

/* `pod` must be left alone for `reason`. */
static inline void left_alone(struct trial *t, const char *pod, enum reason reason)
{
	assert_string_equal(reason_name(trial_run(t, pod)), reason_name(reason));
	assert_int_equal(tree_count(t->result.patch), 0);
	assert_null(t->result.status);
}

/* `pod` must be injected, and the undo must give it back, key by key. */
static inline void injected(struct trial *t, const char *pod)
{
	struct json_object *undo, *back = NULL;
	struct err err = {0};

	if (trial_run(t, pod) != REASON_INJECTED)
		fail_msg("%s: %s", reason_name(t->result.reason), t->result.detail);
	undo = mutate_undo(t->after);
	assert_non_null(undo);
	assert_int_equal(json_object_deep_copy(t->after, &back, NULL), 0);
	if (mutate_apply(back, undo, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(text_of(back), text_of(t->pod));
	json_object_put(back);
	json_object_put(undo);
}

/* Put `text` as the pod of another trial. */
static inline enum reason run_again(struct trial *t)
{
	char *pod = strdup(text_of(t->after));
	enum reason reason = trial_run(t, pod);

	free(pod);
	return reason;
}

#endif
