#include "webhook/mutate/shape.h"

#include <stdio.h>

#include "webhook/mutate/tree.h"

static bool is_absent(struct json_object *object, const char *key)
{
	return !tree_get(object, key);
}

/* `key` is absent, null or of `type`. */
static bool may_be(struct json_object *object, const char *key, enum json_type type,
                   const char *where, char *detail, size_t cap)
{
	if (is_absent(object, key) || json_object_is_type(tree_get(object, key), type))
		return true;
	snprintf(detail, cap, "%s%s%s is no %s", where, *where ? "." : "", key,
	         type == json_type_array    ? "list"
	         : type == json_type_object ? "mapping"
	                                    : "string");
	return false;
}

/* `key` is absent, or a list of objects whose "name" (or `id`) is a string. */
static bool named_list(struct json_object *object, const char *key, const char *id,
                       const char *where, char *detail, size_t cap)
{
	struct json_object *list = tree_get(object, key);
	size_t i;

	if (!may_be(object, key, json_type_array, where, detail, cap))
		return false;
	for (i = 0; i < tree_count(list); i++) {
		if (!tree_string(tree_at(list, i), id)) {
			snprintf(detail, cap, "%s%s%s[%zu] has no %s", where, *where ? "." : "",
			         key, i, id);
			return false;
		}
	}
	return true;
}

static bool check_container(struct json_object *container, const char *where, char *detail,
                            size_t cap)
{
	struct json_object *command = tree_get(container, "command");
	size_t i;

	if (!may_be(container, "command", json_type_array, where, detail, cap) ||
	    !may_be(container, "image", json_type_string, where, detail, cap) ||
	    !may_be(container, "securityContext", json_type_object, where, detail, cap) ||
	    !may_be(container, "resources", json_type_object, where, detail, cap) ||
	    !named_list(container, "env", "name", where, detail, cap) ||
	    !named_list(container, "volumeMounts", "mountPath", where, detail, cap))
		return false;
	for (i = 0; i < tree_count(command); i++) {
		if (!json_object_is_type(json_object_array_get_idx(command, i), json_type_string)) {
			snprintf(detail, cap, "%s.command[%zu] is no string", where, i);
			return false;
		}
	}
	return true;
}

static bool check_containers(struct json_object *spec, const char *key, char *detail, size_t cap)
{
	struct json_object *list = tree_get(spec, key);
	char where[64];
	size_t i;

	if (!named_list(spec, key, "name", "spec", detail, cap))
		return false;
	for (i = 0; i < tree_count(list); i++) {
		snprintf(where, sizeof(where), "spec.%s[%zu]", key, i);
		if (!check_container(tree_at(list, i), where, detail, cap))
			return false;
	}
	return true;
}

bool shape_check(struct json_object *pod, char *detail, size_t cap)
{
	struct json_object *metadata = tree_get(pod, "metadata"), *spec = tree_get(pod, "spec");

	if (!json_object_is_type(pod, json_type_object)) {
		snprintf(detail, cap, "the object is no mapping");
		return false;
	}
	if (!json_object_is_type(spec, json_type_object)) {
		snprintf(detail, cap, "spec is no mapping");
		return false;
	}
	if (tree_count(tree_list(spec, "containers")) == 0) {
		snprintf(detail, cap, "spec.containers is no list with containers");
		return false;
	}
	return may_be(pod, "metadata", json_type_object, "", detail, cap) &&
	       may_be(metadata, "labels", json_type_object, "metadata", detail, cap) &&
	       may_be(metadata, "annotations", json_type_object, "metadata", detail, cap) &&
	       may_be(metadata, "ownerReferences", json_type_array, "metadata", detail, cap) &&
	       may_be(spec, "securityContext", json_type_object, "spec", detail, cap) &&
	       may_be(spec, "restartPolicy", json_type_string, "spec", detail, cap) &&
	       named_list(spec, "volumes", "name", "spec", detail, cap) &&
	       check_containers(spec, "containers", detail, cap) &&
	       check_containers(spec, "initContainers", detail, cap) &&
	       check_containers(spec, "ephemeralContainers", detail, cap);
}
