#include "webhook/mutate/apply.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "injector/base/err.h"
#include "webhook/mutate/mutate.h"
#include "webhook/mutate/pointer.h"
#include "webhook/mutate/tree.h"

/* One patch being applied.  Nodes that this run made carry its root as their user data: that
 * address is theirs alone while the copy lives.  In place nothing is shared, nor marked. */
struct apply {
	struct json_object *root;
	bool copies;
};

static struct json_object *shallow_object(struct json_object *node)
{
	struct json_object *copy = json_object_new_object();

	json_object_object_foreach(node, key, value)
	{
		if (!copy)
			return NULL;
		if (json_object_object_add_ex(copy, key, json_object_get(value),
		                              JSON_C_OBJECT_ADD_KEY_IS_NEW |
		                                      JSON_C_OBJECT_ADD_CONSTANT_KEY) < 0) {
			json_object_put(value);
			json_object_put(copy);
			return NULL;
		}
	}
	return copy;
}

static struct json_object *shallow_list(struct json_object *node)
{
	size_t count = json_object_array_length(node);
	struct json_object *copy = json_object_new_array_ext((int)count + 4);

	for (size_t i = 0; copy && i < count; i++) {
		struct json_object *item = json_object_array_get_idx(node, i);

		if (json_object_array_add(copy, json_object_get(item)) < 0) {
			json_object_put(item);
			json_object_put(copy);
			return NULL;
		}
	}
	return copy;
}

/* A node of this run's own with the members of `node`; NULL without memory. */
static struct json_object *unshare(struct apply *apply, struct json_object *node)
{
	struct json_object *copy = json_object_is_type(node, json_type_array)
	                                   ? shallow_list(node)
	                                   : shallow_object(node);

	if (copy)
		json_object_set_userdata(copy, apply->root ? apply->root : copy, NULL);
	return copy;
}

static bool is_container(struct json_object *node)
{
	return json_object_is_type(node, json_type_object) ||
	       json_object_is_type(node, json_type_array);
}

static bool is_shared(const struct apply *apply, struct json_object *node)
{
	return apply->copies && json_object_get_userdata(node) != apply->root;
}

static int child_of(struct json_object *node, const char *token, struct json_object **out,
                    size_t *out_index)
{
	if (json_object_is_type(node, json_type_object))
		return tree_member(node, token, out) ? 0 : -ENOENT;
	if (!json_object_is_type(node, json_type_array))
		return -ENOENT;
	if (pointer_index(token, out_index) < 0)
		return -EINVAL;
	if (*out_index >= json_object_array_length(node))
		return -ENOENT;
	*out = json_object_array_get_idx(node, *out_index);
	return 0;
}

/* Step from `node`, which is this run's to change, into `token`. */
static int step_into(struct apply *apply, struct json_object **node, const char *token)
{
	struct json_object *child = NULL, *copy;
	size_t index = 0;
	int r = child_of(*node, token, &child, &index);

	if (r < 0)
		return r;
	if (!is_container(child))
		return -ENOENT;
	if (is_shared(apply, child)) {
		copy = unshare(apply, child);
		if (!copy)
			return -ENOMEM;
		if (json_object_is_type(*node, json_type_array))
			r = json_object_array_put_idx(*node, index, copy);
		else
			r = json_object_object_add(*node, token, copy);
		if (r < 0) {
			json_object_put(copy);
			return -ENOMEM;
		}
		child = copy;
	}
	*node = child;
	return 0;
}

/* The node that holds the last token of `path`, this run's to change. */
static int find_parent(struct apply *apply, const char *path, struct json_object **out_node,
                       char last[POINTER_TOKEN_MAX])
{
	struct json_object *node = apply->root;
	int r = pointer_next(&path, last);

	while (r == 0 && *path) {
		r = step_into(apply, &node, last);
		if (r == 0)
			r = pointer_next(&path, last);
	}
	*out_node = node;
	return r;
}

static int insert(struct json_object *list, size_t index, struct json_object *value)
{
	size_t count = json_object_array_length(list);

	if (json_object_array_add(list, NULL) < 0)
		return -ENOMEM;
	/* json-c 0.16 cannot insert: each element moves up by a counted reference. */
	for (size_t i = count; i > index; i--) {
		struct json_object *item = json_object_array_get_idx(list, i - 1);

		json_object_array_put_idx(list, i, json_object_get(item));
	}
	json_object_array_put_idx(list, index, value);
	return 0;
}

/* Consumes `value`. */
static int op_add(struct json_object *node, const char *token, struct json_object *value)
{
	size_t index;
	int r = -ENOENT;

	if (json_object_is_type(node, json_type_object)) {
		r = json_object_object_add(node, token, value) < 0 ? -ENOMEM : 0;
	} else if (json_object_is_type(node, json_type_array)) {
		index = json_object_array_length(node);
		r = strcmp(token, "-") == 0 ? 0 : pointer_index(token, &index);
		if (r == 0 && index > json_object_array_length(node))
			r = -ENOENT;
		if (r == 0)
			r = insert(node, index, value);
	}
	if (r < 0)
		json_object_put(value);
	return r;
}

static int op_remove(struct json_object *node, const char *token)
{
	struct json_object *child;
	size_t index = 0;
	int r = child_of(node, token, &child, &index);

	if (r < 0)
		return r;
	if (json_object_is_type(node, json_type_object))
		json_object_object_del(node, token);
	else if (json_object_array_del_idx(node, index, 1) < 0)
		return -ENOMEM;
	return 0;
}

/* Consumes `value`. */
static int op_replace(struct json_object *node, const char *token, struct json_object *value)
{
	struct json_object *child;
	size_t index = 0;
	int r = child_of(node, token, &child, &index);

	if (r == 0) {
		if (json_object_is_type(node, json_type_object))
			r = json_object_object_add(node, token, value);
		else
			r = json_object_array_put_idx(node, index, value);
		if (r < 0)
			r = -ENOMEM;
	}
	if (r < 0)
		json_object_put(value);
	return r;
}

/* What an operation puts into the document; a copy when the document outlives the patch. */
static int take_value(const struct apply *apply, struct json_object *value,
                      struct json_object **out)
{
	*out = NULL;
	if (apply->copies || !value) {
		*out = json_object_get(value);
		return 0;
	}
	return json_object_deep_copy(value, out, NULL) < 0 ? -ENOMEM : 0;
}

static int op_test(struct json_object *node, const char *token, bool has_value,
                   struct json_object *value)
{
	struct json_object *child = NULL;
	size_t index;
	int r = child_of(node, token, &child, &index);

	if (r < 0)
		return r;
	if (!has_value)
		return -EINVAL;
	return json_object_equal(child, value) ? 0 : -EBADE;
}

static int run(struct apply *apply, const char *name, const char *path, bool has_value,
               struct json_object *given)
{
	struct json_object *node, *value = NULL;
	char token[POINTER_TOKEN_MAX];
	int r;

	if (!name || !path)
		return -EINVAL;
	r = find_parent(apply, path, &node, token);
	if (r < 0)
		return r;
	if (strcmp(name, "remove") == 0)
		return op_remove(node, token);
	if (strcmp(name, "test") == 0)
		return op_test(node, token, has_value, given);
	if (strcmp(name, "add") != 0 && strcmp(name, "replace") != 0)
		return -EOPNOTSUPP;
	r = has_value ? take_value(apply, given, &value) : -EINVAL;
	if (r < 0)
		return r;
	return name[0] == 'a' ? op_add(node, token, value) : op_replace(node, token, value);
}

static int fail(struct err *err, int r, size_t index, const char *path)
{
	return err_set(err, -r, "operation %zu, %s: %s", index, path ? path : "no path",
	               strerror(-r));
}

int mutate_apply(struct json_object *doc, struct json_object *patch, struct err *err)
{
	struct apply apply = {.root = doc};

	if (!json_object_is_type(patch, json_type_array))
		return err_set(err, EINVAL, "a patch is a list of operations");
	for (size_t i = 0; i < json_object_array_length(patch); i++) {
		struct json_object *op = json_object_array_get_idx(patch, i);
		const char *path = tree_string(op, "path");
		int r = run(&apply, tree_string(op, "op"), path, tree_has(op, "value"),
		            tree_get(op, "value"));

		if (r < 0)
			return fail(err, r, i, path);
	}
	return 0;
}

int apply_more(struct json_object *copy, const struct op *list, size_t count, struct err *err)
{
	struct apply apply = {.root = copy, .copies = true};

	for (size_t i = 0; i < count; i++) {
		const struct op *op = &list[i];
		int r = run(&apply, op->name, op->path, op->has_value, op->value);

		if (r < 0)
			return fail(err, r, i, op->path);
	}
	return 0;
}

struct json_object *apply_copy(struct json_object *doc, const struct op *list, size_t count,
                               struct err *err)
{
	struct apply apply = {.copies = true};

	if (!is_container(doc)) {
		err_set(err, EINVAL, "only an object or a list can be patched");
		return NULL;
	}
	apply.root = unshare(&apply, doc);
	if (!apply.root) {
		err_set(err, ENOMEM, "no memory for a copy");
		return NULL;
	}
	if (apply_more(apply.root, list, count, err) < 0) {
		json_object_put(apply.root);
		return NULL;
	}
	return apply.root;
}
