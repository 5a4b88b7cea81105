#include "webhook/kube/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/own.h"
#include "webhook/kube/json.h"

#define INJECT_KEY "farguard.io/inject"

/* Returns false when `value` is no text, empty, does not fit, or has a NUL inside. */
static bool copy(char *out, size_t cap, struct json_object *value)
{
	const char *text =
	        json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
	size_t len = text ? (size_t)json_object_get_string_len(value) : 0;

	if (len == 0 || len >= cap || strlen(text) != len)
		return false;
	memcpy(out, text, len + 1);
	return true;
}

static enum watch_inject inject_of(struct json_object *metadata)
{
	const char *value = json_member_string(json_member(metadata, "annotations"), INJECT_KEY);

	if (!value)
		value = json_member_string(json_member(metadata, "labels"), INJECT_KEY);
	if (!value)
		return WATCH_INJECT_NONE;
	return strcmp(value, "enabled") == 0    ? WATCH_INJECT_ENABLED
	       : strcmp(value, "disabled") == 0 ? WATCH_INJECT_DISABLED
	                                        : WATCH_INJECT_NONE;
}

/* Fill in what a namespace says of itself. */
static int read_namespace(struct json_object *object, struct watch_event *out)
{
	struct json_object *metadata = json_member(object, "metadata");
	struct json_object *version = json_member(metadata, "resourceVersion");

	if (!copy(out->name, sizeof(out->name), json_member(metadata, "name")))
		return -EBADMSG;
	if (version && !copy(out->version, sizeof(out->version), version))
		return -EBADMSG;
	out->inject = inject_of(metadata);
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
		out->kind = WATCH_BOOKMARK;
		return copy(out->version, sizeof(out->version),
		            json_member(json_member(object, "metadata"), "resourceVersion"))
		               ? 0
		               : -EBADMSG;
	}
	if (strcmp(type, "ADDED") == 0 || strcmp(type, "MODIFIED") == 0)
		out->kind = WATCH_PUT;
	else if (strcmp(type, "DELETED") == 0)
		out->kind = WATCH_DELETE;
	else
		return -EBADMSG;
	return read_namespace(object, out);
}

static bool is_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!memchr(" \t\r\n", text[i], 4))
			return false;
	return true;
}

static int take_line(struct watch *watch, const char *line, size_t len)
{
	CLEANUP(json_putp) struct json_object *root = NULL;
	struct watch_event event = {0};
	int r;

	if (is_blank(line, len))
		return 0;
	root = json_parse_all(line, len, WATCH_DEPTH_MAX);
	if (!root)
		return -EBADMSG;
	r = read_event(root, &event);
	return r < 0 ? r : watch->on_event(watch->ctx, &event);
}

static int keep(struct watch *watch, const char *bytes, size_t len)
{
	size_t cap = watch->cap ? watch->cap : 4096;
	char *grown;

	if (len > WATCH_LINE_BYTES_MAX - watch->len)
		return -EFBIG;
	if (watch->len + len > watch->cap) {
		while (cap < watch->len + len)
			cap *= 2;
		grown = realloc(watch->line, cap);
		if (!grown)
			return -ENOMEM;
		watch->line = grown;
		watch->cap = cap;
	}
	memcpy(watch->line + watch->len, bytes, len);
	watch->len += len;
	return 0;
}

int watch_feed(struct watch *watch, const char *bytes, size_t len)
{
	int r = 0;

	while (len && r == 0) {
		const char *end = memchr(bytes, '\n', len);
		size_t part = end ? (size_t)(end - bytes) : len;

		if (part) /* memcpy() of nothing to a NULL line is undefined */
			r = keep(watch, bytes, part);
		if (r < 0 || !end)
			break;
		if (watch->len)
			r = take_line(watch, watch->line, watch->len);
		watch->len = 0;
		bytes += part + 1;
		len -= part + 1;
	}
	return r;
}

void watch_done(struct watch *watch)
{
	free(watch->line);
	watch->line = NULL;
	watch->len = watch->cap = 0;
}

int watch_parse_list(const char *text, size_t len, watch_event_fn *on_event, void *ctx,
                     char out_version[WATCH_VERSION_MAX], char *out_next, size_t next_cap)
{
	CLEANUP(json_putp)
	struct json_object *root = json_parse_all(text, len, WATCH_DEPTH_MAX);
	struct json_object *metadata = json_member(root, "metadata");
	struct json_object *items = json_member(root, "items");
	const char *next = json_member_string(metadata, "continue");

	/* An answer that is no list must not pass for one without namespaces. */
	if (!json_object_is_type(items, json_type_array) ||
	    !copy(out_version, WATCH_VERSION_MAX, json_member(metadata, "resourceVersion")))
		return -EBADMSG;
	*out_next = '\0';
	if (next && *next && !copy(out_next, next_cap, json_member(metadata, "continue")))
		return -EBADMSG;
	for (size_t i = 0; i < json_object_array_length(items); i++) {
		struct watch_event event = {.kind = WATCH_PUT};
		int r = read_namespace(json_object_array_get_idx(items, i), &event);

		if (r == 0)
			r = on_event(ctx, &event);
		if (r < 0)
			return r;
	}
	return 0;
}

int watch_parse_namespace(const char *text, size_t len, struct watch_event *out)
{
	CLEANUP(json_putp)
	struct json_object *root = json_parse_all(text, len, WATCH_DEPTH_MAX);

	*out = (struct watch_event){.kind = WATCH_PUT};
	return root ? read_namespace(root, out) : -EBADMSG;
}
