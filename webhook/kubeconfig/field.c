#include "webhook/kubeconfig/field.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/base64.h"
#include "injector/base/err.h"

int field_error(struct entry entry, struct err *err, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return stream_error(&entry.file->stream, entry.node ? entry.node->line : 1,
	                    entry.node ? entry.node->column : 1, err, "%s", text);
}

/* The member, or NULL for nothing and null. */
static struct entry member_of(struct entry entry, const char *key)
{
	const struct node *node = node_get(entry.node, key);
	bool is_null = node && node->kind == NODE_SCALAR && node->type == NODE_NULL;

	return (struct entry){entry.file, is_null ? NULL : node};
}

int field_string(struct entry entry, const char *key, const char **out, struct err *err)
{
	struct entry member = member_of(entry, key);
	const char *text = NULL;

	if (member.node) {
		text = node_text(member.node);
		if (!text)
			return field_error(member, err, "%s must be a string%s", key,
			                   member.node->kind == NODE_SCALAR ? ": put it in quotes"
			                                                    : "");
	}
	*out = text && *text ? text : NULL;
	return 0;
}

int field_bool(struct entry entry, const char *key, bool *out, struct err *err)
{
	struct entry member = member_of(entry, key);

	*out = false;
	if (!member.node)
		return 0;
	if (member.node->kind != NODE_SCALAR || member.node->type != NODE_BOOL)
		return field_error(member, err, "%s must be true or false", key);
	*out = str_eq(member.node->meaning, STR("true"));
	return 0;
}

int field_list(struct entry entry, const char *key, struct entry *out, struct err *err)
{
	*out = member_of(entry, key);
	if (out->node && out->node->kind != NODE_LIST)
		return field_error(*out, err, "%s must be a list", key);
	return 0;
}

int field_map(struct entry entry, const char *key, struct entry *out, struct err *err)
{
	*out = member_of(entry, key);
	if (out->node && out->node->kind != NODE_MAP)
		return field_error(*out, err, "%s must be a mapping", key);
	return 0;
}

static int no_memory(struct entry entry, struct err *err)
{
	return stream_no_memory(&entry.file->stream, err);
}

int field_bytes(struct entry entry, const char *key, struct arena *arena, struct str *out,
                struct err *err)
{
	const char *text;
	char *bytes;
	long len;
	int r = field_string(entry, key, &text, err);

	*out = (struct str){NULL, 0};
	if (r < 0 || !text)
		return r;
	bytes = arena_take(arena, BASE64_PARSED_BYTES(strlen(text)));
	if (!bytes)
		return no_memory(entry, err);
	len = base64_parse(text, strlen(text), bytes);
	if (len < 0)
		return field_error(member_of(entry, key), err, "%s is no base64", key);
	*out = (struct str){bytes, (size_t)len};
	return 0;
}

const char *field_complete(struct entry entry, const char *path, struct arena *arena)
{
	const char *slash = strrchr(entry.file->name, '/');
	size_t directory = slash ? (size_t)(slash + 1 - entry.file->name) : 0;
	char *out;

	if (path[0] == '/' || directory == 0)
		return path;
	out = arena_take(arena, directory + strlen(path) + 1);
	if (!out)
		return NULL;
	memcpy(out, entry.file->name, directory);
	memcpy(out + directory, path, strlen(path) + 1);
	return out;
}

int field_path(struct entry entry, const char *key, struct arena *arena, const char **out,
               struct err *err)
{
	const char *path;
	int r = field_string(entry, key, &path, err);

	*out = NULL;
	if (r < 0 || !path)
		return r;
	*out = field_complete(entry, path, arena);
	return *out ? 0 : no_memory(entry, err);
}
