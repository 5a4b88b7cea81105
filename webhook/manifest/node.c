#include "webhook/manifest/node.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "webhook/manifest/manifest.h"
#include "webhook/manifest/utf8.h"

struct node *node_new(struct arena *arena, enum node_kind kind)
{
	struct node *node = arena_take(arena, sizeof(*node));

	if (node)
		node->kind = kind;
	return node;
}

int node_string(struct arena *arena, struct str text, struct node **out)
{
	struct node *node;

	if (!utf8_match(text))
		return -EILSEQ;
	node = node_new(arena, NODE_SCALAR);
	if (!node)
		return -ENOMEM;
	node->type = NODE_STRING;
	node->text = node->meaning = arena_copy(arena, text);
	if (!node->text.ptr)
		return -ENOMEM;
	*out = node;
	return 0;
}

int node_insert(struct arena *arena, struct node *node, size_t index, struct member member)
{
	if (node->count == node->cap) {
		uint32_t cap = node->cap ? node->cap * 2 : 4;
		struct member *grown = arena_take(arena, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		if (node->count)
			memcpy(grown, node->members, node->count * sizeof(*grown));
		node->members = grown;
		node->cap = cap;
	}
	memmove(node->members + index + 1, node->members + index,
	        (node->count - index) * sizeof(*node->members));
	node->members[index] = member;
	node->count++;
	return 0;
}

void node_remove(struct node *node, size_t index)
{
	node->count--;
	memmove(node->members + index, node->members + index + 1,
	        (node->count - index) * sizeof(*node->members));
}

long node_find(const struct node *map, struct str key)
{
	for (size_t i = map->count; i-- > 0;)
		if (str_eq(map->members[i].key->meaning, key))
			return (long)i;
	return -1;
}

struct node *node_get(const struct node *node, const char *key)
{
	long index;

	if (!node || node->kind != NODE_MAP)
		return NULL;
	index = node_find(node, (struct str){key, strlen(key)});
	return index < 0 ? NULL : node->members[index].value;
}

const char *node_text(const struct node *node)
{
	if (!node || node->kind != NODE_SCALAR || node->type != NODE_STRING ||
	    memchr(node->meaning.ptr, '\0', node->meaning.len))
		return NULL;
	return node->meaning.ptr;
}

/* Depth is bounded by whoever made the nodes: MANIFEST_DEPTH_MAX. */
bool node_equal(const struct node *a, const struct node *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == NODE_SCALAR)
		return a->type == b->type && str_eq(a->meaning, b->meaning);
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct member *x = &a->members[i], *y = &b->members[i];

		if (a->kind == NODE_MAP && !str_eq(x->key->meaning, y->key->meaning))
			return false;
		if (!node_equal(x->value, y->value))
			return false;
	}
	return true;
}

static struct json_object *number_to_json(const char *text)
{
	char *end;
	int64_t value;
	uint64_t large;

	/* What json-c would print otherwise keeps its spelling: -0, 1.0, 1e3, 2^64. */
	if (strcmp(text, "-0") != 0 && strspn(text, "-0123456789") == strlen(text)) {
		errno = 0;
		value = strtoll(text, &end, 10);
		if (errno == 0)
			return json_object_new_int64(value);
		errno = 0;
		large = strtoull(text, &end, 10);
		if (errno == 0 && *text != '-')
			return json_object_new_uint64(large);
	}
	return json_object_new_double_s(strtod(text, NULL), text);
}

static int scalar_to_json(const struct node *node, struct json_object **out)
{
	switch (node->type) {
	case NODE_NULL:
		*out = NULL;
		return 0;
	case NODE_BOOL:
		*out = json_object_new_boolean(node->meaning.ptr[0] == 't');
		break;
	case NODE_NUMBER:
		*out = number_to_json(node->meaning.ptr);
		break;
	case NODE_STRING:
		*out = json_object_new_string_len(node->meaning.ptr, (int)node->meaning.len);
		break;
	}
	return *out ? 0 : -ENOMEM;
}

int node_to_json(const struct node *node, struct json_object **out)
{
	struct json_object *whole;
	int r = 0;

	*out = NULL;
	if (node->kind == NODE_SCALAR)
		return scalar_to_json(node, out);
	whole = node->kind == NODE_MAP ? json_object_new_object() : json_object_new_array();
	if (!whole)
		return -ENOMEM;
	for (size_t i = 0; i < node->count && r == 0; i++) {
		const struct member *member = &node->members[i];
		struct json_object *value;

		r = node_to_json(member->value, &value);
		if (r < 0)
			break;
		if (node->kind == NODE_MAP)
			r = json_object_object_add(whole, member->key->meaning.ptr, value);
		else
			r = json_object_array_add(whole, value);
		if (r < 0)
			json_object_put(value);
	}
	if (r < 0) {
		json_object_put(whole);
		return -ENOMEM;
	}
	*out = whole;
	return 0;
}

static int scalar_from_json(struct arena *arena, struct json_object *value, struct node **out)
{
	const char *text;
	int r;

	if (json_object_is_type(value, json_type_string))
		return node_string(arena,
		                   (struct str){json_object_get_string(value),
		                                (size_t)json_object_get_string_len(value)},
		                   out);
	text = value ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN) : "null";
	if (!text)
		return -ENOMEM;
	r = node_string(arena, (struct str){text, strlen(text)}, out);
	if (r < 0)
		return r;
	if (!value)
		(*out)->type = NODE_NULL;
	else
		(*out)->type =
		        json_object_is_type(value, json_type_boolean) ? NODE_BOOL : NODE_NUMBER;
	return 0;
}

static int add_from_json(struct arena *arena, struct node *node, const char *key,
                         struct json_object *value, unsigned depth)
{
	struct member member = {0};
	int r = 0;

	if (key)
		r = node_string(arena, (struct str){key, strlen(key)}, &member.key);
	if (r == 0)
		r = node_from_json(arena, value, depth + 1, &member.value);
	return r == 0 ? node_insert(arena, node, node->count, member) : r;
}

int node_from_json(struct arena *arena, struct json_object *value, unsigned depth,
                   struct node **out)
{
	bool map = json_object_is_type(value, json_type_object);
	struct node *node;
	int r = 0;

	if (!map && !json_object_is_type(value, json_type_array))
		return scalar_from_json(arena, value, out);
	if (depth >= MANIFEST_DEPTH_MAX)
		return -E2BIG;
	node = node_new(arena, map ? NODE_MAP : NODE_LIST);
	if (!node)
		return -ENOMEM;
	*out = node;
	if (map) {
		json_object_object_foreach(value, key, child)
		{
			r = add_from_json(arena, node, key, child, depth);
			if (r < 0)
				return r;
		}
		return 0;
	}
	for (size_t i = 0; i < json_object_array_length(value) && r == 0; i++)
		r = add_from_json(arena, node, NULL, json_object_array_get_idx(value, i), depth);
	return r;
}
