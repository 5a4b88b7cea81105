#include "webhook/mutate/ops.h"

#include <stdarg.h>
#include <stdio.h>

void ops_init(struct ops *ops)
{
	*ops = (struct ops){0};
	ops->patch = tree_new_list(&ops->build);
	ops->created = tree_new_list(&ops->build);
	ops->nulls = tree_new_list(&ops->build);
}

void ops_done(struct ops *ops)
{
	json_object_put(ops->patch);
	json_object_put(ops->created);
	json_object_put(ops->nulls);
	*ops = (struct ops){0};
}

void ops_put(struct ops *ops, const char *op, const char *path, struct json_object *value)
{
	struct json_object *operation = tree_new_object(&ops->build);

	tree_put_string(&ops->build, operation, "op", op);
	tree_put_string(&ops->build, operation, "path", path);
	tree_put(&ops->build, operation, "value", value);
	tree_push(&ops->build, ops->patch, operation);
}

void ops_put_null(struct ops *ops, const char *path)
{
	struct json_object *operation = tree_new_object(&ops->build);

	tree_put_string(&ops->build, operation, "op", "replace");
	tree_put_string(&ops->build, operation, "path", path);
	if (!operation || json_object_object_add(operation, "value", NULL) < 0)
		ops->build.failed = true;
	tree_push(&ops->build, ops->patch, operation);
}

void ops_remove(struct ops *ops, const char *path)
{
	struct json_object *operation = tree_new_object(&ops->build);

	tree_put_string(&ops->build, operation, "op", "remove");
	tree_put_string(&ops->build, operation, "path", path);
	tree_push(&ops->build, ops->patch, operation);
}

void ops_parent(struct ops *ops, struct json_object *object, const char *pointer, const char *key,
                enum json_type type)
{
	char path[OPS_POINTER_MAX];

	if (json_object_is_type(tree_get(object, key), type))
		return;
	ops_join(ops, path, "%s/%s", pointer, key);
	tree_push(&ops->build, tree_has(object, key) ? ops->nulls : ops->created,
	          tree_new_string(&ops->build, path));
	ops_put(ops, "add", path,
	        type == json_type_array ? tree_new_list(&ops->build)
	                                : tree_new_object(&ops->build));
}

void ops_append(struct ops *ops, struct json_object *object, const char *pointer, const char *made,
                const char *key, struct json_object *items)
{
	char path[OPS_POINTER_MAX];

	if (tree_count(items) == 0) {
		json_object_put(items);
		return;
	}
	if (!tree_list(object, key)) {
		ops_join(ops, path, "%s/%s", made, key);
		tree_push(&ops->build, tree_has(object, key) ? ops->nulls : ops->created,
		          tree_new_string(&ops->build, path));
		ops_join(ops, path, "%s/%s", pointer, key);
		ops_put(ops, "add", path, items);
		return;
	}
	ops_join(ops, path, "%s/%s/-", pointer, key);
	for (size_t i = 0; i < tree_count(items); i++)
		ops_put(ops, "add", path, json_object_get(json_object_array_get_idx(items, i)));
	json_object_put(items);
}

const char *ops_join(struct ops *ops, char out[OPS_POINTER_MAX], const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(out, OPS_POINTER_MAX, fmt, args);
	va_end(args);
	if (n < 0 || n >= OPS_POINTER_MAX)
		ops->build.failed = true;
	return out;
}
