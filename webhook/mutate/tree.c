#include "webhook/mutate/tree.h"

#include <string.h>

/* Beyond this, json-c's hash is faster than comparing. */
#define FEW_MEMBERS 32
/* Room that a new list has; json-c would make it 32, and most of ours hold one or two. */
#define FEW_ITEMS 4

bool tree_member(struct json_object *object, const char *key, struct json_object **out)
{
	/* NULL for what is no object. */
	struct lh_table *table = json_object_get_object(object);

	if (!table)
		return false;
	if (lh_table_length(table) > FEW_MEMBERS)
		return json_object_object_get_ex(object, key, out);
	for (struct lh_entry *e = lh_table_head(table); e; e = lh_entry_next(e)) {
		const char *name = lh_entry_k(e);

		if (*name == *key && strcmp(name, key) == 0) {
			*out = lh_entry_v(e);
			return true;
		}
	}
	return false;
}

struct json_object *tree_get(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	return tree_member(object, key, &value) ? value : NULL;
}

static struct json_object *typed(struct json_object *object, const char *key, enum json_type type)
{
	struct json_object *value = tree_get(object, key);

	return value && json_object_is_type(value, type) ? value : NULL;
}

struct json_object *tree_object(struct json_object *object, const char *key)
{
	return typed(object, key, json_type_object);
}

struct json_object *tree_list(struct json_object *object, const char *key)
{
	return typed(object, key, json_type_array);
}

const char *tree_string(struct json_object *object, const char *key)
{
	struct json_object *value = typed(object, key, json_type_string);

	return value ? json_object_get_string(value) : NULL;
}

bool tree_true(struct json_object *object, const char *key)
{
	struct json_object *value = typed(object, key, json_type_boolean);

	return value && json_object_get_boolean(value);
}

bool tree_has(struct json_object *object, const char *key)
{
	struct json_object *value;

	return tree_member(object, key, &value);
}

size_t tree_count(struct json_object *list)
{
	return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

struct json_object *tree_at(struct json_object *list, size_t index)
{
	struct json_object *item = NULL;

	if (index < tree_count(list))
		item = json_object_array_get_idx(list, index);
	return item && json_object_is_type(item, json_type_object) ? item : NULL;
}

long tree_find(struct json_object *list, const char *key, const char *value)
{
	for (size_t i = 0; i < tree_count(list); i++) {
		const char *text = tree_string(json_object_array_get_idx(list, i), key);

		if (text && strcmp(text, value) == 0)
			return (long)i;
	}
	return -1;
}

bool tree_item_is(struct json_object *list, size_t index, const char *text)
{
	struct json_object *item;

	if (index >= tree_count(list))
		return false;
	item = json_object_array_get_idx(list, index);
	return item && json_object_is_type(item, json_type_string) &&
	       strcmp(json_object_get_string(item), text) == 0;
}

static bool equal_objects(struct json_object *a, struct json_object *b, unsigned depth)
{
	struct lh_entry *x = lh_table_head(json_object_get_object(a));
	struct lh_entry *y = lh_table_head(json_object_get_object(b));

	if (json_object_object_length(a) != json_object_object_length(b))
		return false;
	for (; x && y; x = lh_entry_next(x), y = lh_entry_next(y)) {
		const char *key = lh_entry_k(x), *other = lh_entry_k(y);

		if ((key != other && strcmp(key, other) != 0) ||
		    !tree_equal(lh_entry_v(x), lh_entry_v(y), depth + 1))
			return false;
	}
	return !x && !y;
}

static bool equal_lists(struct json_object *a, struct json_object *b, unsigned depth)
{
	if (tree_count(a) != tree_count(b))
		return false;
	for (size_t i = 0; i < tree_count(a); i++)
		if (!tree_equal(json_object_array_get_idx(a, i), json_object_array_get_idx(b, i),
		                depth + 1))
			return false;
	return true;
}

bool tree_equal(struct json_object *a, struct json_object *b, unsigned depth)
{
	enum json_type type;

	if (a == b)
		return true;
	if (!a || !b || depth > TREE_DEPTH_MAX)
		return false;
	type = json_object_get_type(a);
	if (type != json_object_get_type(b))
		return false;
	if (type == json_type_object)
		return equal_objects(a, b, depth);
	if (type == json_type_array)
		return equal_lists(a, b, depth);
	if (type == json_type_string)
		return json_object_get_string_len(a) == json_object_get_string_len(b) &&
		       memcmp(json_object_get_string(a), json_object_get_string(b),
		              (size_t)json_object_get_string_len(a)) == 0;
	/* 1e3 and 1000 are different texts of one number: a patch must not turn one into the
	 * other, and json-c keeps the text of what it parsed. */
	return strcmp(json_object_to_json_string(a), json_object_to_json_string(b)) == 0;
}

static struct json_object *made(struct tree_build *build, struct json_object *value)
{
	if (!value)
		build->failed = true;
	return value;
}

struct json_object *tree_new_object(struct tree_build *build)
{
	return made(build, json_object_new_object());
}

struct json_object *tree_new_list(struct tree_build *build)
{
	return made(build, json_object_new_array_ext(FEW_ITEMS));
}

struct json_object *tree_new_string(struct tree_build *build, const char *text)
{
	return made(build, json_object_new_string(text));
}

struct json_object *tree_new_int(struct tree_build *build, int value)
{
	return made(build, json_object_new_int(value));
}

struct json_object *tree_new_bool(struct tree_build *build, bool value)
{
	return made(build, json_object_new_boolean(value));
}

static void put(struct tree_build *build, struct json_object *object, const char *key,
                struct json_object *value, unsigned flags)
{
	if (object && value && json_object_object_add_ex(object, key, value, flags) == 0)
		return;
	json_object_put(value);
	build->failed = true;
}

void tree_put(struct tree_build *build, struct json_object *object, const char *key,
              struct json_object *value)
{
	put(build, object, key, value, JSON_C_OBJECT_ADD_CONSTANT_KEY);
}

void tree_put_copied(struct tree_build *build, struct json_object *object, const char *key,
                     struct json_object *value)
{
	put(build, object, key, value, 0);
}

void tree_push(struct tree_build *build, struct json_object *list, struct json_object *value)
{
	if (list && value && json_object_array_add(list, value) == 0)
		return;
	json_object_put(value);
	build->failed = true;
}

void tree_put_string(struct tree_build *build, struct json_object *object, const char *key,
                     const char *text)
{
	tree_put(build, object, key, tree_new_string(build, text));
}

struct json_object *tree_new_strings(struct tree_build *build, const char *const *items,
                                     size_t count)
{
	struct json_object *list = tree_new_list(build);

	for (size_t i = 0; i < count; i++)
		tree_push(build, list, tree_new_string(build, items[i]));
	return list;
}

void tree_putp(struct json_object **object)
{
	json_object_put(*object);
	*object = NULL;
}
