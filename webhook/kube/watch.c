#include "webhook/kube/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/own.h"
#include "webhook/kube/json.h"

/* What a part may keep between two: one that was long is rare. */
#define PART_BYTES_KEPT 65536u

bool watch_copy(char *out, size_t cap, struct json_object *value)
{
	const char *text =
	        json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
	size_t len = text ? (size_t)json_object_get_string_len(value) : 0;

	if (len == 0 || len >= cap || strlen(text) != len)
		return false;
	memcpy(out, text, len + 1);
	return true;
}

int watch_read_object(struct json_object *object, struct watch_event *out)
{
	struct json_object *metadata = json_member(object, "metadata");
	struct json_object *namespace = json_member(metadata, "namespace");
	struct json_object *version = json_member(metadata, "resourceVersion");

	if (!watch_copy(out->name, sizeof(out->name), json_member(metadata, "name")))
		return -EBADMSG;
	if (namespace && !watch_copy(out->namespace, sizeof(out->namespace), namespace))
		return -EBADMSG;
	if (version && !watch_copy(out->version, sizeof(out->version), version))
		return -EBADMSG;
	out->object = object;
	return 0;
}

static int read_event(struct json_object *root, struct watch_event *out)
{
	struct json_object *object = json_member(root, "object");
	const char *type = json_member_string(root, "type");

	if (!type || !object)
		return -EBADMSG;
	if (strcmp(type, "ERROR") == 0) {
		out->kind = WATCH_ERROR;
		out->code = json_object_get_int(json_member(object, "code"));
		return 0;
	}
	if (strcmp(type, "BOOKMARK") == 0) {
		struct json_object *metadata = json_member(object, "metadata");

		out->kind = WATCH_BOOKMARK;
		return watch_copy(out->version, sizeof(out->version),
		                  json_member(metadata, "resourceVersion"))
		               ? 0
		               : -EBADMSG;
	}
	out->is_new = strcmp(type, "ADDED") == 0;
	if (out->is_new || strcmp(type, "MODIFIED") == 0)
		out->kind = WATCH_PUT;
	else if (strcmp(type, "DELETED") == 0)
		out->kind = WATCH_DELETE;
	else
		return -EBADMSG;
	return watch_read_object(object, out);
}

static bool is_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!memchr(" \t\r\n", text[i], 4))
			return false;
	return true;
}

static int take_line(struct watch *watch)
{
	CLEANUP(json_putp) struct json_object *root = NULL;
	struct watch_event event = {0};
	int r;

	if (watch->line.skipped) {
		watch->skip_count++;
		return 0;
	}
	if (is_blank(watch->line.bytes, watch->line.len))
		return 0;
	root = json_parse_all(watch->line.bytes, watch->line.len, WATCH_DEPTH_MAX);
	if (!root)
		return -EBADMSG;
	r = read_event(root, &event);
	return r < 0 ? r : watch->on_event(watch->ctx, &event);
}

int watch_part_add(struct watch_part *part, const char *bytes, size_t len)
{
	size_t cap = part->cap ? part->cap : 4096;
	char *grown;

	if (part->skipped || len > WATCH_LINE_BYTES_MAX - part->len) {
		if (!part->skipped)
			part->skipped = part->len;
		watch_part_done(part);
		part->skipped += len;
		return part->skipped > WATCH_SKIP_BYTES_MAX ? -EFBIG : 0;
	}
	if (!part->bytes || part->len + len > part->cap) {
		while (cap < part->len + len)
			cap *= 2;
		grown = realloc(part->bytes, cap);
		if (!grown)
			return -ENOMEM;
		part->bytes = grown;
		part->cap = cap;
	}
	memcpy(part->bytes + part->len, bytes, len);
	part->len += len;
	return 0;
}

void watch_part_next(struct watch_part *part)
{
	if (part->cap > PART_BYTES_KEPT)
		watch_part_done(part);
	part->len = part->skipped = 0;
}

void watch_part_done(struct watch_part *part)
{
	free(part->bytes);
	part->bytes = NULL;
	part->len = part->cap = 0;
}

int watch_feed(struct watch *watch, const char *bytes, size_t len)
{
	int r = 0;

	while (len && r == 0) {
		const char *end = memchr(bytes, '\n', len);
		size_t part = end ? (size_t)(end - bytes) : len;

		if (part) /* memcpy() of nothing to a NULL line is undefined */
			r = watch_part_add(&watch->line, bytes, part);
		if (r < 0 || !end)
			break;
		if (watch->line.len || watch->line.skipped)
			r = take_line(watch);
		watch_part_next(&watch->line);
		bytes += part + 1;
		len -= part + 1;
	}
	return r;
}

void watch_done(struct watch *watch)
{
	watch_part_done(&watch->line);
	watch->line.skipped = 0;
}
