#include "webhook/ctl/defaults.h"

#include <string.h>

#include "injector/base/own.h"
#include "webhook/mutate/tree.h"

/* The object `key`, made where it is missing; NULL where something else stands. */
static struct json_object *object_at(struct tree_build *build, struct json_object *parent,
                                     const char *key)
{
	struct json_object *child = tree_get(parent, key);

	if (!child) {
		child = tree_new_object(build);
		tree_put_copied(build, parent, key, child);
	}
	return json_object_is_type(child, json_type_object) ? child : NULL;
}

/* What `from` says about resources that `to` does not. */
static void fill(struct tree_build *build, struct json_object *to, struct json_object *from)
{
	if (!to || !from || build->failed)
		return;
	json_object_object_foreach(from, name, amount)
	{
		if (!tree_get(to, name) && amount)
			tree_put_copied(build, to, name, json_object_get(amount));
	}
}

static void fill_container(struct tree_build *build, struct json_object *container,
                           struct json_object *item)
{
	/* A default that is missing is the maximum; a default request that is, the default or the
	 * minimum. */
	static const char *const for_limits[] = {"default", "max"};
	static const char *const for_requests[] = {"defaultRequest", "default", "max", "min"};
	struct json_object *resources = object_at(build, container, "resources");
	struct json_object *limits = resources ? object_at(build, resources, "limits") : NULL;
	struct json_object *requests = resources ? object_at(build, resources, "requests") : NULL;

	fill(build, requests, limits);
	for (size_t i = 0; i < sizeof(for_limits) / sizeof(*for_limits); i++)
		fill(build, limits, tree_object(item, for_limits[i]));
	for (size_t i = 0; i < sizeof(for_requests) / sizeof(*for_requests); i++)
		fill(build, requests, tree_object(item, for_requests[i]));
}

static void fill_pod(struct tree_build *build, struct json_object *spec, struct json_object *item)
{
	static const char *const lists[] = {"initContainers", "containers"};

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		for (size_t j = 0; j < tree_count(tree_list(spec, lists[i])); j++)
			if (tree_at(tree_list(spec, lists[i]), j))
				fill_container(build, tree_at(tree_list(spec, lists[i]), j), item);
}

struct json_object *defaults_of(struct json_object *pod, struct json_object *limit_ranges)
{
	CLEANUP(tree_putp) struct json_object *copy = NULL;
	struct tree_build build = {0};

	if (tree_count(limit_ranges) == 0)
		return json_object_get(pod);
	if (json_object_deep_copy(pod, &copy, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < tree_count(limit_ranges); i++) {
		struct json_object *items = tree_list(tree_at(limit_ranges, i), "limits");

		for (size_t j = 0; j < tree_count(items); j++) {
			const char *type = tree_string(tree_at(items, j), "type");

			if (type && strcmp(type, "Container") == 0)
				fill_pod(&build, tree_object(copy, "spec"), tree_at(items, j));
		}
	}
	return build.failed ? NULL : TAKE(copy);
}
