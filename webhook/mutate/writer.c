#include "webhook/mutate/writer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "webhook/mutate/tree.h"

#define FIRST_BYTES       8192
#define ESCAPED_BYTES_MAX 6 /* \u0000 */

void writer_done(struct writer *to)
{
	free(to->bytes);
	*to = (struct writer){0};
}

/* Make room for `len` more bytes and a NUL. */
static bool reserve(struct writer *to, size_t len)
{
	size_t cap = to->cap ? to->cap : FIRST_BYTES;
	char *bytes;

	if (to->failed || len < to->cap - to->len)
		return !to->failed;
	while (len < SIZE_MAX / 4 && cap <= to->len + len)
		cap *= 2;
	bytes = len < SIZE_MAX / 4 ? realloc(to->bytes, cap) : NULL;
	if (!bytes) {
		to->failed = true;
		return false;
	}
	to->bytes = bytes;
	to->cap = cap;
	return true;
}

char *writer_extend(struct writer *to, size_t len)
{
	if (!reserve(to, len))
		return NULL;
	to->len += len;
	to->bytes[to->len] = '\0';
	return to->bytes + to->len - len;
}

void writer_add(struct writer *to, const char *literal)
{
	size_t len = strlen(literal);
	char *at = writer_extend(to, len);

	if (at)
		memcpy(at, literal, len);
}

static char *escape(char *at, char c)
{
	static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt", hex[] = "0123456789abcdef";

	*at++ = '\\';
	for (const char *letter = letters; *letter; letter += 2) {
		if (*letter == c) {
			*at++ = letter[1];
			return at;
		}
	}
	memcpy(at, "u00", 3);
	at[3] = hex[c >> 4 & 15];
	at[4] = hex[c & 15];
	return at + 5;
}

void writer_add_string(struct writer *to, const char *string, size_t len)
{
	static const bool is_special[256] = {[0 ... ' ' - 1] = true, ['"'] = true, ['\\'] = true};
	char *at;

	if (len > SIZE_MAX / 8 || !reserve(to, ESCAPED_BYTES_MAX * len + 2)) {
		to->failed = true;
		return;
	}
	at = to->bytes + to->len;
	*at++ = '"';
	for (const char *c = string; c < string + len; c++) {
		if (is_special[(unsigned char)*c])
			at = escape(at, *c);
		else
			*at++ = *c;
	}
	*at++ = '"';
	*at = '\0';
	to->len = (size_t)(at - to->bytes);
}

static void add_char(struct writer *to, char c)
{
	if (!reserve(to, 1))
		return;
	to->bytes[to->len++] = c;
	to->bytes[to->len] = '\0';
}

static void add_value(struct writer *to, struct json_object *value, unsigned depth);

static void add_object(struct writer *to, struct json_object *object, unsigned depth)
{
	char before = '{';

	json_object_object_foreach(object, key, value)
	{
		add_char(to, before);
		writer_add_string(to, key, strlen(key));
		add_char(to, ':');
		add_value(to, value, depth + 1);
		before = ',';
	}
	if (before == '{')
		add_char(to, '{');
	add_char(to, '}');
}

static void add_list(struct writer *to, struct json_object *list, unsigned depth)
{
	size_t count = json_object_array_length(list);

	add_char(to, '[');
	for (size_t i = 0; i < count; i++) {
		if (i)
			add_char(to, ',');
		add_value(to, json_object_array_get_idx(list, i), depth + 1);
	}
	add_char(to, ']');
}

static void add_value(struct writer *to, struct json_object *value, unsigned depth)
{
	enum json_type type = json_object_get_type(value);

	if (type == json_type_string) {
		writer_add_string(to, json_object_get_string(value),
		                  (size_t)json_object_get_string_len(value));
	} else if (type == json_type_object && depth < TREE_DEPTH_MAX) {
		add_object(to, value, depth);
	} else if (type == json_type_array && depth < TREE_DEPTH_MAX) {
		add_list(to, value, depth);
	} else {
		const char *plain = json_object_to_json_string_ext(
		        value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

		to->failed |= !plain;
		writer_add(to, plain ? plain : "");
	}
}

void writer_add_json(struct writer *to, struct json_object *value)
{
	add_value(to, value, 0);
}
