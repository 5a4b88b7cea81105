#include "webhook/mutate/ops.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_COUNT 16 /* what an ordinary pod needs */

void ops_init(struct ops *ops)
{
	*ops = (struct ops){0};
	ops->created = tree_new_list(&ops->build);
	ops->nulls = tree_new_list(&ops->build);
}

void ops_done(struct ops *ops)
{
	for (size_t i = 0; i < ops->count; i++) {
		json_object_put(ops->list[i].value);
	}
	free(ops->list);
	json_object_put(ops->created);
	json_object_put(ops->nulls);
	*ops = (struct ops){0};
}

/* Room for one more operation; false without memory. */
static bool grow(struct ops *ops)
{
	size_t cap = ops->cap ? 2 * ops->cap : FIRST_COUNT;
	struct op *list;

	if (ops->count < ops->cap)
		return true;
	list = reallocarray(ops->list, cap, sizeof(*list));
	if (!list)
		return false;
	ops->list = list;
	ops->cap = cap;
	return true;
}

/* Takes `value` over; `path` is copied. */
static void put(struct ops *ops, const char *name, const char *path, bool has_value,
                struct json_object *value)
{
	size_t bytes = strlen(path) + 1;
	struct op *op;

	if (ops->build.failed || bytes > OPS_POINTER_MAX || !grow(ops)) {
		ops->build.failed = true;
		json_object_put(value);
		return;
	}
	op = &ops->list[ops->count++];
	op->name = name;
	op->has_value = has_value;
	op->value = value;
	memcpy(op->path, path, bytes);
}

void ops_put(struct ops *ops, const char *name, const char *path, struct json_object *value)
{
	ops->build.failed |= !value;
	put(ops, name, path, true, value);
}

void ops_put_null(struct ops *ops, const char *path)
{
	put(ops, "replace", path, true, NULL);
}

void ops_remove(struct ops *ops, const char *path)
{
	put(ops, "remove", path, false, NULL);
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

static struct json_object *op_json(const struct op *op, struct tree_build *build)
{
	struct json_object *out = tree_new_object(build);

	tree_put_string(build, out, "op", op->name);
	tree_put_string(build, out, "path", op->path);
	if (op->value)
		tree_put(build, out, "value", json_object_get(op->value));
	else if (op->has_value && json_object_object_add(out, "value", NULL) < 0)
		build->failed = true;
	return out;
}

struct json_object *ops_json(const struct ops *ops)
{
	struct tree_build build = {0};
	struct json_object *list = tree_new_list(&build);

	for (size_t i = 0; i < ops->count; i++)
		tree_push(&build, list, op_json(&ops->list[i], &build));
	if (build.failed)
		tree_putp(&list);
	return list;
}

void ops_format(const struct ops *ops, struct writer *out)
{
	writer_add(out, "[");
	for (size_t i = 0; i < ops->count; i++) {
		const struct op *op = &ops->list[i];

		writer_add(out, i ? ",{\"op\":\"" : "{\"op\":\"");
		writer_add(out, op->name);
		writer_add(out, "\",\"path\":");
		writer_add_string(out, op->path, strlen(op->path));
		if (op->has_value) {
			writer_add(out, ",\"value\":");
			writer_add_json(out, op->value);
		}
		writer_add(out, "}");
	}
	writer_add(out, "]");
}
