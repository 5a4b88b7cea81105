#include "webhook/manifest/patch.h"

#include <errno.h>
#include <string.h>

#include "injector/base/err.h"
#include "webhook/manifest/manifest.h"
#include "webhook/mutate/pointer.h"
#include "webhook/mutate/tree.h"

/* Where an operation works: a member of `node`, that is or is to be at `index`. */
struct place {
	struct node *node;
	size_t index;
	unsigned depth;
	bool exists;
	char token[POINTER_TOKEN_MAX];
};

static int find_member(struct place *place)
{
	long found;

	if (place->node->kind == NODE_SCALAR)
		return -ENOENT;
	if (place->node->kind == NODE_MAP) {
		found = node_find(place->node, (struct str){place->token, strlen(place->token)});
		place->exists = found >= 0;
		place->index = found >= 0 ? (size_t)found : place->node->count;
		return 0;
	}
	place->index = place->node->count;
	if (strcmp(place->token, "-") != 0 && pointer_index(place->token, &place->index) < 0)
		return -EINVAL;
	place->exists = place->index < place->node->count;
	return place->index > place->node->count ? -ENOENT : 0;
}

static int find_place(struct node *root, unsigned depth, const char *path, struct place *out)
{
	int r;

	*out = (struct place){.node = root, .depth = depth};
	for (;;) {
		r = pointer_next(&path, out->token);
		if (r == 0)
			r = find_member(out);
		if (r < 0 || !*path)
			return r;
		if (!out->exists)
			return -ENOENT;
		out->node = out->node->members[out->index].value;
		out->depth++;
	}
}

/* A copy of `member`'s white space with another lead. */
static int set_lead(struct arena *arena, struct member *member, struct str lead)
{
	struct spacing *spacing = arena_take(arena, sizeof(*spacing));

	if (!spacing)
		return -ENOMEM;
	if (member->spacing)
		*spacing = *member->spacing;
	spacing->lead = lead;
	member->spacing = spacing;
	return 0;
}

static int insert(struct arena *arena, struct place *place, struct member member)
{
	struct node *node = place->node;
	struct member *next = place->index < node->count ? &node->members[place->index] : NULL;

	if (!node->count) {
		/* "{}" was flow style for want of anything else; what stands in "{ }" is somebody's
		 * taste, and comes back: a member that is set as the bracket behind it is says so.
		 */
		node->style = 0;
		if (!node->close.len)
			node->close = (struct str){NULL, 0};
		else if (set_lead(arena, &member, node->close) < 0)
			return -ENOMEM;
	}
	/* The first place keeps its white space: whoever is first has it, so that taking the new
	 * member out again gives the text back. */
	if (next && place->index == 0 && next->spacing) {
		if (set_lead(arena, &member, next->spacing->lead) < 0 ||
		    set_lead(arena, next, (struct str){NULL, 0}) < 0)
			return -ENOMEM;
	}
	return node_insert(arena, node, place->index, member);
}

static int op_add(struct arena *arena, struct place *place, struct node *value)
{
	struct member member = {.value = value};
	int r;

	if (place->node->kind == NODE_MAP && place->exists) {
		place->node->members[place->index].value = value;
		return 0;
	}
	if (place->node->kind == NODE_MAP) {
		r = node_string(arena, (struct str){place->token, strlen(place->token)},
		                &member.key);
		if (r < 0)
			return r;
	}
	return insert(arena, place, member);
}

/* Whether a collection that loses its only member keeps the white space before its bracket. */
static bool keeps_close(const struct node *node, const struct spacing *spacing)
{
	return spacing && node->close.len && str_eq(spacing->lead, node->close);
}

static int op_remove(struct arena *arena, struct place *place)
{
	struct node *node = place->node;
	bool keeps = false;

	while (place->exists) {
		const struct spacing *spacing = node->members[place->index].spacing;

		keeps = keeps_close(node, spacing);
		if (place->index == 0 && node->count > 1 && spacing &&
		    set_lead(arena, &node->members[1], spacing->lead) < 0)
			return -ENOMEM;
		node_remove(node, place->index);
		/* JSON may have a key more than once; an earlier one must not come to count. */
		if (node->kind == NODE_LIST)
			break;
		find_member(place);
	}
	if (!node->count && !keeps)
		node->close = (struct str){NULL, 0};
	return 0;
}

static int run_operation(struct arena *arena, struct node *root, unsigned depth,
                         struct json_object *operation)
{
	const char *op = tree_string(operation, "op"), *path = tree_string(operation, "path");
	struct json_object *value;
	struct place place;
	struct node *node = NULL;
	bool add;
	int r;

	if (!op || !path)
		return -EINVAL;
	r = find_place(root, depth, path, &place);
	if (r < 0)
		return r;
	add = strcmp(op, "add") == 0;
	if (!add && !place.exists)
		return -ENOENT;
	if (strcmp(op, "remove") == 0)
		return op_remove(arena, &place);
	if (!add && strcmp(op, "replace") != 0)
		return -EOPNOTSUPP;
	if (!json_object_object_get_ex(operation, "value", &value))
		return -EINVAL;
	r = node_from_json(arena, value, place.depth + 1, &node);
	if (r < 0)
		return r;
	if (add)
		return op_add(arena, &place, node);
	place.node->members[place.index].value = node;
	return 0;
}

int patch_apply(struct arena *arena, struct node *root, unsigned depth, struct json_object *patch,
                struct err *err)
{
	if (!json_object_is_type(patch, json_type_array))
		return err_set(err, EINVAL, "a patch is a list of operations");
	for (size_t i = 0; i < json_object_array_length(patch); i++) {
		struct json_object *operation = json_object_array_get_idx(patch, i);
		int r = run_operation(arena, root, depth, operation);

		if (r < 0) {
			const char *path = tree_string(operation, "path");

			return err_set(err, -r, "operation %zu, %.128s: %s", i,
			               path ? path : "no path", strerror(-r));
		}
	}
	return 0;
}
