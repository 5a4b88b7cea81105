#include "webhook/manifest/from_json.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "injector/base/err.h"
#include "webhook/manifest/manifest.h"
#include "webhook/manifest/typed.h"
#include "webhook/manifest/utf8.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct reading {
	struct stream *stream;
	struct err *err;
	struct str text;
	size_t at;
	size_t line, line_start; /* of `at` */
};

static size_t column(const struct reading *reading)
{
	return reading->at - reading->line_start + 1;
}

static int fail(const struct reading *reading, const char *what)
{
	return stream_error(reading->stream, reading->line, column(reading), reading->err, "%s",
	                    what);
}

/* The byte at `at`, or -1 behind the end. */
static int peek(const struct reading *reading)
{
	return reading->at < reading->text.len ? (unsigned char)reading->text.ptr[reading->at] : -1;
}

static struct str since(const struct reading *reading, size_t start)
{
	return (struct str){reading->text.ptr + start, reading->at - start};
}

static struct str skip_space(struct reading *reading)
{
	size_t start = reading->at;
	int c;

	while ((c = peek(reading)) == ' ' || c == '\t' || c == '\n' || c == '\r') {
		reading->at++;
		if (c == '\n') {
			reading->line++;
			reading->line_start = reading->at;
		}
	}
	return since(reading, start);
}

static struct node *new_node(struct reading *reading, enum node_kind kind)
{
	return stream_node(reading->stream, kind, reading->line, column(reading), reading->err);
}

/* Four hexadecimal digits at `offset`, or -1. */
static int32_t hex4(const struct reading *reading, size_t offset)
{
	int32_t value = 0;

	if (offset + 4 > reading->text.len)
		return -1;
	for (size_t i = offset; i < offset + 4; i++) {
		int c = (unsigned char)reading->text.ptr[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return value;
}

/* The escape at `at` (behind the backslash is the letter), decoded to `out`; its length in
 * `*out_len`. */
static int read_escape(struct reading *reading, char *out, size_t *out_len)
{
	static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	int letter = reading->at + 1 < reading->text.len ? reading->text.ptr[reading->at + 1] : 0;
	const char *hit = letter ? strchr(letters, letter) : NULL;
	int32_t high, low;

	*out_len = 1;
	if (hit) {
		*out = bytes[hit - letters];
		reading->at += 2;
		return 0;
	}
	high = letter == 'u' ? hex4(reading, reading->at + 2) : -1;
	if (high < 0)
		return fail(reading, "no such escape");
	reading->at += 6;
	if (high >= 0xd800 && high < 0xdc00 && peek(reading) == '\\' &&
	    reading->at + 1 < reading->text.len && reading->text.ptr[reading->at + 1] == 'u') {
		low = hex4(reading, reading->at + 2);
		if (low >= 0xdc00 && low < 0xe000) {
			reading->at += 6;
			high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
		}
	}
	/* Half a pair is U+FFFD, as Go's decoder has it. */
	*out_len = utf8_format(high >= 0xd800 && high < 0xe000 ? 0xfffd : (uint32_t)high, out);
	return 0;
}

/* Where the string that begins at `at` ends at the latest: its next quote that no backslash
 * stands before. */
static size_t string_bound(const struct reading *reading)
{
	size_t i = reading->at + 1;

	while (i < reading->text.len && reading->text.ptr[i] != '"')
		i += reading->text.ptr[i] == '\\' ? 2 : 1;
	return i < reading->text.len ? i : reading->text.len;
}

static int read_string(struct reading *reading, struct node *node)
{
	size_t start = reading->at, len = 0, bound = string_bound(reading);
	/* No escape decodes to more bytes than it has; U+FFFD takes three for six. */
	char *out = arena_take(&reading->stream->arena, bound - start + 4);
	int c;

	if (!out)
		return stream_no_memory(reading->stream, reading->err);
	reading->at++;
	while ((c = peek(reading)) != '"') {
		size_t n;

		if (c < 0)
			return fail(reading, "the text ends inside of a string");
		if (c < 0x20)
			return fail(reading, "a control character inside of a string");
		if (c == '\\') {
			if (read_escape(reading, out + len, &n) < 0)
				return -EINVAL;
			len += n;
			continue;
		}
		n = utf8_len((struct str){reading->text.ptr + reading->at,
		                          reading->text.len - reading->at});
		if (!n)
			return fail(reading, "not UTF-8");
		memcpy(out + len, reading->text.ptr + reading->at, n);
		len += n;
		reading->at += n;
	}
	reading->at++;
	node->type = NODE_STRING;
	node->text = node->meaning = (struct str){out, len};
	node->source = since(reading, start);
	return 0;
}

/* A word or a number: everything up to what cannot belong to one. */
static int read_bare(struct reading *reading, struct node *node)
{
	static const char bare[] = "+-.0123456789abcdefghijklmnopqrstuvwxyz"
	                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	size_t start = reading->at;
	struct str copy;
	int c;

	while ((c = peek(reading)) > 0 && strchr(bare, c))
		reading->at++;
	node->source = since(reading, start);
	copy = arena_copy(&reading->stream->arena, node->source);
	if (!copy.ptr)
		return stream_no_memory(reading->stream, reading->err);
	if (str_eq(copy, STR("null")))
		node->type = NODE_NULL;
	else if (str_eq(copy, STR("true")) || str_eq(copy, STR("false")))
		node->type = NODE_BOOL;
	else if (typed_is_json_number(copy))
		node->type = NODE_NUMBER;
	else {
		reading->at = start;
		return fail(reading, c < 0 && !copy.len ? "the text ends where a value belongs"
		                                        : "no JSON value");
	}
	node->text = node->meaning = copy;
	return 0;
}

static int read_value(struct reading *reading, unsigned depth, struct node **out);

static int read_key(struct reading *reading, struct member *member)
{
	int r;

	if (peek(reading) != '"')
		return fail(reading, peek(reading) < 0 ? "the text ends inside of an object"
		                                       : "a key in double quotes belongs here");
	member->key = new_node(reading, NODE_SCALAR);
	if (!member->key)
		return -reading->err->code;
	r = read_string(reading, member->key);
	if (r < 0)
		return r;
	if (memchr(member->key->meaning.ptr, '\0', member->key->meaning.len))
		return stream_error(reading->stream, member->key->line, member->key->column,
		                    reading->err, "a key cannot contain a NUL");
	return 0;
}

/* One member with the white space around it. */
static int read_member(struct reading *reading, struct node *node, struct spacing *spacing,
                       unsigned depth)
{
	struct member member = {.spacing = spacing};
	int r = 0;

	if (node->kind == NODE_MAP) {
		size_t start;

		r = read_key(reading, &member);
		if (r < 0)
			return r;
		start = reading->at;
		skip_space(reading);
		if (peek(reading) != ':')
			return fail(reading, "a colon belongs here");
		reading->at++;
		skip_space(reading);
		spacing->mid = since(reading, start);
	}
	r = read_value(reading, depth + 1, &member.value);
	if (r < 0)
		return r;
	spacing->trail = skip_space(reading);
	if (node_insert(&reading->stream->arena, node, node->count, member) < 0)
		return stream_no_memory(reading->stream, reading->err);
	return 0;
}

static int read_collection(struct reading *reading, unsigned depth, struct node **out)
{
	int close = peek(reading) == '{' ? '}' : ']';
	struct node *node;
	struct str lead;
	int r;

	if (depth >= MANIFEST_DEPTH_MAX)
		return fail(reading, "nested too deep");
	node = new_node(reading, close == '}' ? NODE_MAP : NODE_LIST);
	if (!node)
		return -reading->err->code;
	*out = node;
	reading->at++;
	lead = skip_space(reading);
	node->close = lead;
	while (node->count || peek(reading) != close) {
		struct spacing *spacing = arena_take(&reading->stream->arena, sizeof(*spacing));

		if (!spacing)
			return stream_no_memory(reading->stream, reading->err);
		spacing->lead = lead;
		r = read_member(reading, node, spacing, depth);
		if (r < 0)
			return r;
		/* What stands before the closing bracket is the collection's: it stays there when
		 * other members come last. */
		if (peek(reading) == close) {
			node->close = spacing->trail;
			spacing->trail = STR("");
			break;
		}
		if (peek(reading) != ',')
			return fail(reading, peek(reading) < 0
			                             ? "the text ends inside of an object or list"
			                             : "a comma belongs here");
		reading->at++;
		lead = skip_space(reading);
	}
	reading->at++;
	return 0;
}

static int read_value(struct reading *reading, unsigned depth, struct node **out)
{
	int c = peek(reading);

	if (c == '{' || c == '[')
		return read_collection(reading, depth, out);
	*out = new_node(reading, NODE_SCALAR);
	if (!*out)
		return -reading->err->code;
	return c == '"' ? read_string(reading, *out) : read_bare(reading, *out);
}

static int read_documents(struct reading *reading)
{
	size_t start = 0;

	if (reading->text.len >= 3 && memcmp(reading->text.ptr, BYTE_ORDER_MARK, 3) == 0)
		reading->at = reading->line_start = 3;
	for (;;) {
		struct document document = {0};
		int r;

		skip_space(reading);
		if (peek(reading) < 0)
			break;
		document.lead = since(reading, start);
		document.line = reading->line;
		document.column = column(reading);
		r = read_value(reading, 0, &document.root);
		if (r == 0)
			r = stream_add(reading->stream, document, reading->err);
		if (r < 0)
			return r;
		start = reading->at;
	}
	reading->stream->tail = since(reading, start);
	return 0;
}

int from_json(struct stream *stream, struct str text, size_t *out_offset, struct err *err)
{
	struct reading reading = {.stream = stream, .err = err, .text = text, .line = 1};
	int r = read_documents(&reading);

	*out_offset = reading.at;
	return r;
}
