#include "webhook/manifest/from_yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/manifest/manifest.h"
#include "webhook/manifest/typed.h"

struct anchor {
	struct str name;
	struct node *node;
	bool open; /* its end was not read yet: an alias here would contain itself */
};

struct reading {
	struct stream *stream;
	struct str text;
	struct err *err;
	yaml_parser_t parser;
	yaml_event_t event; /* read and not used up yet; empty otherwise */
	struct anchor *anchors;
	size_t anchor_count;
};

static int fail(struct reading *reading, const char *what)
{
	const yaml_mark_t *mark = &reading->event.start_mark;

	return stream_error(reading->stream, mark->line + 1, mark->column + 1, reading->err, "%s",
	                    what);
}

/* libyaml knows only the offset of bytes that it cannot read. */
static int reader_error(struct reading *reading)
{
	const yaml_parser_t *parser = &reading->parser;
	size_t line = 1, column = 1;

	for (size_t i = 0; i < parser->problem_offset && i < reading->text.len; i++) {
		column++;
		if (reading->text.ptr[i] == '\n') {
			line++;
			column = 1;
		}
	}
	return stream_error(reading->stream, line, column, reading->err, "%s", parser->problem);
}

static int syntax_error(struct reading *reading)
{
	const yaml_parser_t *parser = &reading->parser;
	const char *problem = parser->problem ? parser->problem : "not YAML";

	if (parser->error == YAML_MEMORY_ERROR)
		return stream_no_memory(reading->stream, reading->err);
	if (parser->error == YAML_READER_ERROR)
		return reader_error(reading);
	return stream_error(reading->stream, parser->problem_mark.line + 1,
	                    parser->problem_mark.column + 1, reading->err, "%s%s%s",
	                    parser->context ? parser->context : "", parser->context ? ", " : "",
	                    problem);
}

/* Step to the next event. */
static int next(struct reading *reading)
{
	yaml_event_delete(&reading->event);
	if (!yaml_parser_parse(&reading->parser, &reading->event))
		return syntax_error(reading);
	return 0;
}

static struct node *new_node(struct reading *reading, enum node_kind kind)
{
	const yaml_mark_t *mark = &reading->event.start_mark;

	return stream_node(reading->stream, kind, mark->line + 1, mark->column + 1, reading->err);
}

static int copy_text(struct reading *reading, const yaml_char_t *bytes, size_t len, struct str *out)
{
	*out = arena_copy(&reading->stream->arena, (struct str){(const char *)bytes, len});
	return out->ptr ? 0 : stream_no_memory(reading->stream, reading->err);
}

static int set_tag(struct reading *reading, struct node *node, const yaml_char_t *tag)
{
	struct str copy = {NULL, 0};
	int r = 0;

	if (tag)
		r = copy_text(reading, tag, strlen((const char *)tag), &copy);
	node->tag = copy.ptr;
	return r;
}

static int add_anchor(struct reading *reading, const yaml_char_t *name, struct node *node,
                      bool open, size_t *out_index)
{
	struct anchor *anchor;

	*out_index = SIZE_MAX;
	if (!name)
		return 0;
	if (reading->anchor_count == FROM_YAML_ANCHORS_MAX)
		return fail(reading, "too many anchors");
	anchor = &reading->anchors[reading->anchor_count];
	*anchor = (struct anchor){.node = node, .open = open};
	*out_index = reading->anchor_count++;
	return copy_text(reading, name, strlen((const char *)name), &anchor->name);
}

/* A copy of `node` and all below it, so that an edit here is no edit there. */
static int copy_node(struct reading *reading, const struct node *node, unsigned depth,
                     struct node **out)
{
	struct node *copy;

	if (depth > MANIFEST_DEPTH_MAX)
		return fail(reading, "nested too deep");
	copy = new_node(reading, node->kind);
	if (!copy)
		return -reading->err->code;
	*out = copy;
	if (node->kind == NODE_SCALAR) {
		*copy = *node;
		return 0;
	}
	copy->style = node->style;
	copy->tag = node->tag;
	for (size_t i = 0; i < node->count; i++) {
		struct member member = {.key = node->members[i].key};
		int r = 0;

		if (member.key)
			r = copy_node(reading, member.key, depth + 1, &member.key);
		if (r == 0)
			r = copy_node(reading, node->members[i].value, depth + 1, &member.value);
		if (r == 0 && node_insert(&reading->stream->arena, copy, i, member) < 0)
			r = stream_no_memory(reading->stream, reading->err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_alias(struct reading *reading, unsigned depth, struct node **out)
{
	const char *name = (const char *)reading->event.data.alias.anchor;

	for (size_t i = reading->anchor_count; i-- > 0;) {
		const struct anchor *anchor = &reading->anchors[i];

		if (strcmp(anchor->name.ptr, name) != 0)
			continue;
		if (anchor->open)
			return fail(reading, "the alias stands inside of what it stands for");
		return copy_node(reading, anchor->node, depth, out);
	}
	return fail(reading, "the alias has no anchor");
}

static int read_scalar(struct reading *reading, struct node **out)
{
	const yaml_event_t *event = &reading->event;
	struct node *node = new_node(reading, NODE_SCALAR);
	const char *wrong;
	size_t index;
	int r;

	if (!node)
		return -reading->err->code;
	*out = node;
	node->style = (unsigned char)event->data.scalar.style;
	r = copy_text(reading, event->data.scalar.value, event->data.scalar.length, &node->text);
	if (r == 0)
		r = set_tag(reading, node, event->data.scalar.tag);
	if (r == 0)
		r = add_anchor(reading, event->data.scalar.anchor, node, false, &index);
	if (r < 0)
		return r;
	wrong = typed_resolve(&reading->stream->arena, node,
	                      event->data.scalar.plain_implicit && !node->tag);
	if (reading->stream->arena.failed)
		return stream_no_memory(reading->stream, reading->err);
	return wrong ? fail(reading, wrong) : 0;
}

static int read_node(struct reading *reading, unsigned depth, struct node **out);

static int read_list(struct reading *reading, struct node *node, unsigned depth)
{
	int r = next(reading);

	while (r == 0 && reading->event.type != YAML_SEQUENCE_END_EVENT) {
		struct member member = {0};

		r = read_node(reading, depth + 1, &member.value);
		if (r == 0 && node_insert(&reading->stream->arena, node, node->count, member) < 0)
			r = stream_no_memory(reading->stream, reading->err);
		if (r == 0)
			r = next(reading);
	}
	return r;
}

static int no_merge(struct reading *reading, const struct node *value)
{
	return stream_error(reading->stream, value->line, value->column, reading->err,
	                    "a merge key takes a map or a list of maps");
}

/* Set a member where keys may come from a merge: the later one counts. */
static int set_member(struct reading *reading, struct node *map, struct member member)
{
	long index = node_find(map, member.key->meaning);

	if (index < 0) {
		if (map->count >= FROM_YAML_MERGE_MAX)
			return stream_error(reading->stream, member.key->line, member.key->column,
			                    reading->err, "too many keys to merge");
		if (node_insert(&reading->stream->arena, map, map->count, member) < 0)
			return stream_no_memory(reading->stream, reading->err);
		return 0;
	}
	map->members[index].value = member.value;
	if (!member.key->merged && map->members[index].key->merged)
		map->members[index].key = member.key;
	return 0;
}

static int merge_map(struct reading *reading, struct node *map, const struct node *from)
{
	int r = 0;

	if (from->kind != NODE_MAP)
		return no_merge(reading, from);
	for (size_t i = 0; i < from->count && r == 0; i++) {
		from->members[i].key->merged = true;
		r = set_member(reading, map, from->members[i]);
	}
	return r;
}

static int merge(struct reading *reading, struct node *map, const struct node *value)
{
	int r = 0;

	if (value->kind == NODE_SCALAR)
		return no_merge(reading, value);
	if (value->kind == NODE_MAP)
		return merge_map(reading, map, value);
	/* Of several maps the first counts. */
	for (size_t i = value->count; i-- > 0 && r == 0;)
		r = merge_map(reading, map, value->members[i].value);
	return r;
}

static bool is_merge(const struct node *key)
{
	if (key->kind != NODE_SCALAR || !str_eq(key->text, STR("<<")))
		return false;
	return key->tag ? strcmp(key->tag, "tag:yaml.org,2002:merge") == 0
	                : key->style == YAML_PLAIN_SCALAR_STYLE;
}

/* A key becomes text, as JSON has no other keys. */
static int check_key(struct reading *reading, const struct node *key)
{
	const char *wrong = NULL;

	if (key->kind != NODE_SCALAR)
		wrong = "a key is a scalar";
	else if (key->type == NODE_NULL)
		wrong = "a key cannot be null";
	else if (memchr(key->meaning.ptr, '\0', key->meaning.len))
		wrong = "a key cannot contain a NUL";
	return wrong ? stream_error(reading->stream, key->line, key->column, reading->err, "%s",
	                            wrong)
	             : 0;
}

static int by_key(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
	int order = strcmp(x->meaning.ptr, y->meaning.ptr);

	if (order == 0)
		order = x->line != y->line ? (x->line > y->line) - (x->line < y->line)
		                           : (x->column > y->column) - (x->column < y->column);
	return order;
}

static int check_duplicates(struct reading *reading, struct node **keys, size_t count)
{
	qsort(keys, count, sizeof(struct node *), by_key);
	for (size_t i = 1; i < count; i++)
		if (strcmp(keys[i - 1]->meaning.ptr, keys[i]->meaning.ptr) == 0)
			return stream_error(
			        reading->stream, keys[i]->line, keys[i]->column, reading->err,
			        "key \"%.64s\" stands here a second time, after line %u",
			        keys[i]->meaning.ptr, keys[i - 1]->line);
	return 0;
}

struct keys {
	struct node **items;
	size_t count, cap;
};

static int push_key(struct reading *reading, struct keys *keys, struct node *key)
{
	if (keys->count == keys->cap) {
		size_t cap = keys->cap ? keys->cap * 2 : 16;
		struct node **grown = realloc(keys->items, cap * sizeof(*grown));

		if (!grown)
			return stream_no_memory(reading->stream, reading->err);
		keys->items = grown;
		keys->cap = cap;
	}
	keys->items[keys->count++] = key;
	return 0;
}

/* Read the value of `key` and put both into `map`. */
static int read_member(struct reading *reading, struct node *map, struct node *key, unsigned depth,
                       bool *merges, struct keys *keys)
{
	struct member member = {.key = key};
	int r = next(reading);

	if (r == 0)
		r = read_node(reading, depth + 1, &member.value);
	if (r < 0)
		return r;
	if (is_merge(key)) {
		*merges = true;
		return merge(reading, map, member.value);
	}
	r = check_key(reading, key);
	if (r == 0)
		r = push_key(reading, keys, key);
	if (r == 0 && *merges)
		r = set_member(reading, map, member);
	else if (r == 0 && node_insert(&reading->stream->arena, map, map->count, member) < 0)
		r = stream_no_memory(reading->stream, reading->err);
	return r;
}

static int read_map(struct reading *reading, struct node *node, unsigned depth)
{
	struct keys keys = {0};
	bool merges = false;
	int r = next(reading);

	while (r == 0 && reading->event.type != YAML_MAPPING_END_EVENT) {
		struct node *key = NULL;

		r = read_node(reading, depth + 1, &key);
		if (r == 0)
			r = read_member(reading, node, key, depth, &merges, &keys);
		if (r == 0)
			r = next(reading);
	}
	if (r == 0 && keys.count)
		r = check_duplicates(reading, keys.items, keys.count);
	free(keys.items);
	return r;
}

static int read_collection(struct reading *reading, unsigned depth, struct node **out)
{
	const yaml_event_t *event = &reading->event;
	bool map = event->type == YAML_MAPPING_START_EVENT;
	struct node *node;
	size_t anchor;
	int r;

	if (depth >= MANIFEST_DEPTH_MAX)
		return fail(reading, "nested too deep");
	node = new_node(reading, map ? NODE_MAP : NODE_LIST);
	if (!node)
		return -reading->err->code;
	*out = node;
	node->style = (unsigned char)(map ? (int)event->data.mapping_start.style
	                                  : (int)event->data.sequence_start.style);
	r = set_tag(reading, node,
	            map ? event->data.mapping_start.tag : event->data.sequence_start.tag);
	if (r == 0)
		r = add_anchor(reading,
		               map ? event->data.mapping_start.anchor
		                   : event->data.sequence_start.anchor,
		               node, true, &anchor);
	if (r == 0)
		r = map ? read_map(reading, node, depth) : read_list(reading, node, depth);
	if (r == 0 && anchor != SIZE_MAX)
		reading->anchors[anchor].open = false;
	return r;
}

/* Read the node that the current event begins; its last event is then the current one. */
static int read_node(struct reading *reading, unsigned depth, struct node **out)
{
	switch ((int)reading->event.type) {
	case YAML_ALIAS_EVENT:
		return read_alias(reading, depth, out);
	case YAML_SCALAR_EVENT:
		return read_scalar(reading, out);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return read_collection(reading, depth, out);
	default:
		return fail(reading, "no value");
	}
}

static int read_document(struct reading *reading)
{
	struct document document = {
	        .explicit_start = !reading->event.data.document_start.implicit,
	};
	int r;

	reading->anchor_count = 0;
	r = next(reading);
	if (r == 0) {
		document.line = reading->event.start_mark.line + 1;
		document.column = reading->event.start_mark.column + 1;
		r = read_node(reading, 0, &document.root);
	}
	if (r < 0)
		return r;
	if (document.root->kind != NODE_SCALAR || document.root->type != NODE_NULL)
		r = stream_add(reading->stream, document, reading->err);
	return r == 0 ? next(reading) : r;
}

static int read_stream(struct reading *reading)
{
	int r = next(reading);

	if (r == 0)
		r = next(reading);
	while (r == 0 && reading->event.type == YAML_DOCUMENT_START_EVENT) {
		r = read_document(reading);
		if (r == 0)
			r = next(reading);
	}
	return r;
}

int from_yaml(struct stream *stream, struct str text, struct err *err)
{
	struct reading reading = {.stream = stream, .text = text, .err = err};
	const char *end = text.len ? memchr(text.ptr, '\n', text.len) : NULL;
	int r;

	stream->crlf = end && end > text.ptr && end[-1] == '\r';
	reading.anchors = calloc(FROM_YAML_ANCHORS_MAX, sizeof(*reading.anchors));
	if (!reading.anchors || !yaml_parser_initialize(&reading.parser)) {
		free(reading.anchors);
		return stream_no_memory(stream, err);
	}
	yaml_parser_set_input_string(&reading.parser, (const unsigned char *)text.ptr, text.len);
	r = read_stream(&reading);
	yaml_event_delete(&reading.event);
	yaml_parser_delete(&reading.parser);
	free(reading.anchors);
	return r;
}
