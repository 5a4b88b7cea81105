/* undo.c - take Farguard out again: by names, never by indexes that were written down. */
#include "webhook/mutate/undo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/contract.h"
#include "injector/base/own.h"
#include "webhook/mutate/mutate.h"
#include "webhook/mutate/ops.h"
#include "webhook/mutate/ours.h"
#include "webhook/mutate/plan.h"
#include "webhook/mutate/shape.h"
#include "webhook/mutate/status.h"
#include "webhook/mutate/words.h"
#include "webhook/mutate/wrap.h"

struct undo {
	struct ops *ops;
	struct json_object *pod, *spec, *metadata;
	struct json_object *created, *nulls; /* what the status says, or NULL */
};

static bool has_pointer(struct json_object *list, const char *pointer)
{
	size_t i;

	for (i = 0; i < tree_count(list); i++)
		if (tree_item_is(list, i, pointer))
			return true;
	return false;
}

/* Whether the container `index` of `list` was there before us. */
static bool is_ours(struct json_object *container, bool init)
{
	const char *name = tree_string(container, "name");

	if (strcmp(name, CONTRACT_AGENT_CONTAINER) == 0)
		return plan_is_agent(container);
	return init && strcmp(name, CONTRACT_INSTALL_CONTAINER) == 0 && plan_is_install(container);
}

/* A list or object at `pointer` that keeps `left` members: given back as it was, if it was made by
 * us.  `created_as` is its pointer at the time of the injection. */
static bool give_back(struct undo *undo, const char *pointer, const char *created_as, size_t left)
{
	if (left > 0)
		return false;
	if (has_pointer(undo->created, created_as)) {
		ops_remove(undo->ops, pointer);
		return true;
	}
	if (has_pointer(undo->nulls, created_as)) {
		ops_put_null(undo->ops, pointer);
		return true;
	}
	return false;
}

/* Remove the members of `list` for which `ours` holds, last first. */
static void remove_from(struct undo *undo, struct json_object *list, const char *pointer,
                        const char *created_as, bool (*ours)(struct json_object *item))
{
	size_t count = tree_count(list), removed = 0, i;
	char path[OPS_POINTER_MAX];

	for (i = 0; i < count; i++)
		removed += ours(tree_at(list, i));
	/* A list that was made for us goes even when others have emptied it. */
	if (!list || (removed == 0 && count > 0) ||
	    give_back(undo, pointer, created_as, count - removed))
		return;
	for (i = count; i > 0; i--) {
		if (!ours(tree_at(list, i - 1)))
			continue;
		ops_join(undo->ops, path, "%s/%zu", pointer, i - 1);
		ops_remove(undo->ops, path);
	}
}

static bool our_mount(struct json_object *item)
{
	return ours_is_volume(tree_string(item, "name"));
}

static bool our_volume(struct json_object *item)
{
	return ours_is_volume(tree_string(item, "name")) && tree_object(item, "emptyDir");
}

static bool our_variable(struct json_object *item)
{
	const char *name = tree_string(item, "name"), *value = tree_string(item, "value");

	if (strcmp(name, CONTRACT_ENV_CONTAINER) == 0 || strcmp(name, CONTRACT_ENV_PID1) == 0)
		return true;
	return strcmp(name, "LD_PRELOAD") == 0 && value && strcmp(value, CONTRACT_LIBRARY) == 0;
}

static bool our_init(struct json_object *item)
{
	return is_ours(item, true);
}

static bool our_container(struct json_object *item)
{
	return is_ours(item, false);
}

/* Cut ":/.farguard/libfarguard.so" off the end of every LD_PRELOAD. */
static void unjoin_preload(struct undo *undo, struct json_object *container, const char *pointer)
{
	static const char tail[] = ":" CONTRACT_LIBRARY;
	struct json_object *env = tree_list(container, "env");
	char path[OPS_POINTER_MAX];

	for (size_t i = 0; i < tree_count(env); i++) {
		const char *name = tree_string(tree_at(env, i), "name");
		const char *value = tree_string(tree_at(env, i), "value");
		size_t len = value ? strlen(value) : 0, cut = sizeof(tail) - 1;

		if (strcmp(name, "LD_PRELOAD") != 0 || len < cut ||
		    strcmp(value + len - cut, tail) != 0)
			continue;
		ops_join(undo->ops, path, "%s/env/%zu/value", pointer, i);
		ops_put(undo->ops, "replace", path,
		        json_object_new_string_len(value, (int)(len - cut)));
	}
}

/* The wrap, or all that an image was found to start. */
static void undo_command(struct undo *undo, struct json_object *container, const char *pointer,
                         const char *created_as)
{
	static const char *const keys[] = {"command", "args"};
	size_t count = wrap_count(tree_list(container, "command"));
	char path[OPS_POINTER_MAX], made[OPS_POINTER_MAX];

	if (count == 0)
		return;
	ops_join(undo->ops, made, "%s/command", created_as);
	if (!has_pointer(undo->created, made)) {
		for (size_t i = 0; i < count; i++) {
			ops_join(undo->ops, path, "%s/command/0", pointer);
			ops_remove(undo->ops, path);
		}
		return;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		ops_join(undo->ops, made, "%s/%s", created_as, keys[i]);
		ops_join(undo->ops, path, "%s/%s", pointer, keys[i]);
		if (has_pointer(undo->created, made) && tree_has(container, keys[i]))
			ops_remove(undo->ops, path);
	}
}

static void undo_container(struct undo *undo, struct json_object *container, const char *pointer,
                           const char *created_as)
{
	char path[OPS_POINTER_MAX], made[OPS_POINTER_MAX];

	undo_command(undo, container, pointer, created_as);
	unjoin_preload(undo, container, pointer);
	ops_join(undo->ops, path, "%s/env", pointer);
	ops_join(undo->ops, made, "%s/env", created_as);
	remove_from(undo, tree_list(container, "env"), path, made, our_variable);
	ops_join(undo->ops, path, "%s/volumeMounts", pointer);
	ops_join(undo->ops, made, "%s/volumeMounts", created_as);
	remove_from(undo, tree_list(container, "volumeMounts"), path, made, our_mount);
}

/* The containers of a list, then ours out of it. */
static void undo_list(struct undo *undo, const char *key, bool init)
{
	struct json_object *list = tree_list(undo->spec, key);
	char pointer[OPS_POINTER_MAX], made[OPS_POINTER_MAX];

	for (size_t i = 0; i < tree_count(list); i++) {
		if (is_ours(tree_at(list, i), init))
			continue;
		ops_join(undo->ops, pointer, "/spec/%s/%zu", key, i);
		ops_join(undo->ops, made, "/spec/%s/%s", key,
		         tree_string(tree_at(list, i), "name"));
		undo_container(undo, tree_at(list, i), pointer, made);
	}
	ops_join(undo->ops, pointer, "/spec/%s", key);
	remove_from(undo, list, pointer, pointer, init ? our_init : our_container);
}

/* A label or annotation of ours: away, or the value that the pod came with.  With it goes the map
 * that we made, if nothing but `ours` words stand in it; returns whether it does. */
static bool undo_word(struct undo *undo, const char *map_key, const char *word, const char *pointer,
                      struct json_object *was, size_t ours)
{
	struct json_object *map = tree_object(undo->metadata, map_key);
	char path[OPS_POINTER_MAX];

	ops_join(undo->ops, path, "/metadata/%s", map_key);
	if (!was && map &&
	    give_back(undo, path, path, (size_t)json_object_object_length(map) - ours))
		return true;
	if (!tree_has(map, word))
		return false;
	if (was)
		ops_put(undo->ops, "replace", pointer, json_object_get(was));
	else
		ops_remove(undo->ops, pointer);
	return false;
}

/* Whether the annotation is the one that we put there. */
static bool has_our_default(struct json_object *annotations, struct json_object *said)
{
	const char *ours = tree_string(said, "defaultContainer");
	const char *now = tree_string(annotations, ANNOTATION_DEFAULT);

	return ours && now && strcmp(ours, now) == 0;
}

static void undo_metadata(struct undo *undo, struct json_object *status)
{
	struct json_object *labels = tree_object(undo->metadata, "labels");
	struct json_object *annotations = tree_object(undo->metadata, "annotations");
	struct json_object *said = tree_object(status, "undo");
	const bool has_default = has_our_default(annotations, said);
	const size_t our_labels = tree_has(labels, LABEL_INJECTED);
	const size_t our_annotations = tree_has(annotations, ANNOTATION_STATUS) + has_default;
	size_t left = (size_t)(undo->metadata ? json_object_object_length(undo->metadata) : 0);

	/* Both maps and their mother may be all ours. */
	left -= our_labels && (size_t)json_object_object_length(labels) == our_labels;
	left -= our_annotations &&
	        (size_t)json_object_object_length(annotations) == our_annotations;
	if ((labels || annotations) && give_back(undo, "/metadata", "/metadata", left))
		return;
	undo_word(undo, "labels", LABEL_INJECTED, POINTER_INJECTED, tree_get(said, "label"),
	          our_labels);
	if (!undo_word(undo, "annotations", ANNOTATION_STATUS, POINTER_STATUS,
	               tree_get(said, "status"), our_annotations) &&
	    has_default)
		ops_remove(undo->ops, POINTER_DEFAULT);
}

/* Whether anything of ours stands in the pod at all. */
static bool is_injected(struct json_object *spec)
{
	static const char *const lists[] = {"initContainers", "containers"};
	size_t i, j;

	for (i = 0; i < 2; i++) {
		struct json_object *list = tree_list(spec, lists[i]);

		for (j = 0; j < tree_count(list); j++)
			if (is_ours(tree_at(list, j), i == 0))
				return true;
	}
	return false;
}

void undo_make(struct json_object *pod, struct json_object *status, struct ops *ops)
{
	struct json_object *said = tree_get(status, "undo");
	struct undo undo = {.ops = ops,
	                    .pod = pod,
	                    .spec = tree_get(pod, "spec"),
	                    .metadata = tree_get(pod, "metadata"),
	                    .created = tree_list(said, "created"),
	                    .nulls = tree_list(said, "nulls")};

	if (!is_injected(undo.spec))
		return;
	undo_list(&undo, "containers", false);
	undo_list(&undo, "initContainers", true);
	remove_from(&undo, tree_list(undo.spec, "volumes"), "/spec/volumes", "/spec/volumes",
	            our_volume);
	undo_metadata(&undo, status);
}

struct json_object *mutate_undo(struct json_object *pod)
{
	CLEANUP(tree_putp) struct json_object *status = NULL;
	CLEANUP(ops_done) struct ops ops = {0};
	char detail[64];

	if (!shape_check(pod, detail, sizeof(detail)))
		return json_object_new_array();
	status = status_of(pod);
	ops_init(&ops);
	undo_make(pod, status, &ops);
	return ops.build.failed ? NULL : ops_json(&ops);
}
