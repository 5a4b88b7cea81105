#include "webhook/mutate/writer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "webhook/mutate/tree.h"

#define FIRST_BYTES 4096

void writer_done(struct writer *to)
{
	free(to->bytes);
	*to = (struct writer){0};
}

char *writer_extend(struct writer *to, size_t len)
{
	size_t cap = to->cap ? to->cap : FIRST_BYTES;
	char *bytes;

	if (to->failed || len > SIZE_MAX / 4 - to->len) {
		to->failed = true;
		return NULL;
	}
	while (cap <= to->len + len)
		cap *= 2;
	if (cap > to->cap) {
		bytes = realloc(to->bytes, cap);
		if (!bytes) {
			to->failed = true;
			return NULL;
		}
		to->bytes = bytes;
		to->cap = cap;
	}
	to->len += len;
	to->bytes[to->len] = '\0';
	return to->bytes + to->len - len;
}

static void add(struct writer *to, const char *bytes, size_t len)
{
	char *at = writer_extend(to, len);

	if (at)
		memcpy(at, bytes, len);
}

void writer_add(struct writer *to, const char *literal)
{
	add(to, literal, strlen(literal));
}

static bool is_plain(char c)
{
	return (unsigned char)c >= ' ' && c != '"' && c != '\\';
}

static void add_escaped(struct writer *to, char c)
{
	static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt", hex[] = "0123456789abcdef";
	char out[] = {'\\', 'u', '0', '0', hex[c >> 4 & 15], hex[c & 15]};

	for (const char *letter = letters; *letter; letter += 2) {
		if (*letter == c) {
			out[1] = letter[1];
			add(to, out, 2);
			return;
		}
	}
	add(to, out, sizeof(out));
}

void writer_add_string(struct writer *to, const char *string, size_t len)
{
	const char *end = string + len;

	add(to, "\"", 1);
	while (string < end) {
		const char *from = string;

		while (string < end && is_plain(*string))
			string++;
		add(to, from, (size_t)(string - from));
		if (string < end)
			add_escaped(to, *string++);
	}
	add(to, "\"", 1);
}

static void add_value(struct writer *to, struct json_object *value, unsigned depth);

static void add_object(struct writer *to, struct json_object *object, unsigned depth)
{
	const char *before = "{";

	json_object_object_foreach(object, key, value)
	{
		add(to, before, 1);
		writer_add_string(to, key, strlen(key));
		add(to, ":", 1);
		add_value(to, value, depth + 1);
		before = ",";
	}
	writer_add(to, *before == '{' ? "{}" : "}");
}

static void add_list(struct writer *to, struct json_object *list, unsigned depth)
{
	size_t count = json_object_array_length(list);

	add(to, "[", 1);
	for (size_t i = 0; i < count; i++) {
		if (i)
			add(to, ",", 1);
		add_value(to, json_object_array_get_idx(list, i), depth + 1);
	}
	add(to, "]", 1);
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
