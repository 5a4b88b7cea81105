#include "webhook/registry/answer.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/kube/json.h"
#include "webhook/registry/images.h"

static const char *const index_types[] = {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json", NULL};
static const char *const manifest_types[] = {"application/vnd.oci.image.manifest.v1+json",
                                             "application/vnd.docker.distribution.manifest.v2+json",
                                             NULL};
static const char *const config_types[] = {"application/vnd.oci.image.config.v1+json",
                                           "application/vnd.docker.container.image.v1+json", NULL};

static bool is_among(const char *type, const char *const *types)
{
	size_t len = type ? strcspn(type, "; \t") : 0; /* parameters may follow */

	for (; len && *types; types++)
		if (strlen(*types) == len && strncasecmp(type, *types, len) == 0)
			return true;
	return false;
}

/* The member `name`.  The container runtime is written in Go, which also takes "Name" for "name":
 * where both could be meant there is no answer. */
static int member(struct json_object *object, const char *name, struct json_object **out,
                  struct err *err)
{
	*out = NULL;
	if (!object)
		return 0;
	if (!json_object_is_type(object, json_type_object))
		return err_set(err, EBADMSG, "\"%s\" stands in no object", name);
	json_object_object_foreach(object, key, value)
	{
		if (strcmp(key, name) == 0)
			*out = value;
		else if (strcasecmp(key, name) == 0)
			return err_set(err, EBADMSG, "\"%.40s\" instead of \"%s\"", key, name);
	}
	return 0;
}

/* As member(), for a string without a NUL; NULL where there is none. */
static int member_text(struct json_object *object, const char *name, const char **out,
                       struct err *err)
{
	struct json_object *value;
	int r = member(object, name, &value, err);

	*out = NULL;
	if (r < 0 || !value)
		return r;
	if (!json_object_is_type(value, json_type_string))
		return err_set(err, EBADMSG, "\"%s\" is no string", name);
	*out = json_object_get_string(value);
	return strlen(*out) == (size_t)json_object_get_string_len(value)
	               ? 0
	               : err_set(err, EBADMSG, "\"%s\" has a NUL in it", name);
}

static int put_digest(struct json_object *descriptor, struct answer *out, struct err *err)
{
	const char *digest;
	int r = member_text(descriptor, "digest", &digest, err);

	if (r < 0)
		return r;
	if (!digest || !reference_is_digest(digest))
		return err_set(err, EBADMSG, "no sha256 digest");
	memcpy(out->digest, digest, sizeof(out->digest));
	return 0;
}

/* Whether an index's entry is for us.  It need not say; then its configuration does. */
static int match(struct json_object *entry, bool *out_is_ours, bool *out_is_open, struct err *err)
{
	const char *type, *os, *architecture, *variant;
	struct json_object *platform;
	int r = member_text(entry, "mediaType", &type, err);

	*out_is_ours = *out_is_open = false;
	if (r == 0)
		r = member(entry, "platform", &platform, err);
	if (r < 0 || (type && !is_among(type, manifest_types)))
		return r;
	*out_is_open = !platform;
	if (r == 0)
		r = member_text(platform, "os", &os, err);
	if (r == 0)
		r = member_text(platform, "architecture", &architecture, err);
	if (r == 0)
		r = member_text(platform, "variant", &variant, err);
	if (r == 0)
		*out_is_ours = os && architecture && strcmp(os, "linux") == 0 &&
		               strcmp(architecture, "amd64") == 0 &&
		               (!variant || !*variant || strcmp(variant, "v1") == 0);
	return r;
}

static int parse_index(struct json_object *list, struct answer *out, struct err *err)
{
	struct json_object *ours = NULL, *open = NULL;
	size_t count = json_object_array_length(list);

	out->kind = ANSWER_INDEX;
	for (size_t i = 0; i < count && !ours; i++) {
		struct json_object *entry = json_object_array_get_idx(list, i);
		bool is_ours, is_open;
		int r = match(entry, &is_ours, &is_open, err);

		if (r < 0)
			return r;
		if (is_ours)
			ours = entry;
		else if (is_open && !open)
			open = entry;
	}
	if (!ours && !open)
		return err_set(err, ENOTSUP, "none of its %zu manifests is for linux/amd64", count);
	return put_digest(ours ? ours : open, out, err);
}

static int parse_manifest(struct json_object *config, struct answer *out, struct err *err)
{
	struct json_object *size;
	const char *type;
	int r = member_text(config, "mediaType", &type, err);

	out->kind = ANSWER_MANIFEST;
	if (r == 0)
		r = member(config, "size", &size, err);
	if (r < 0)
		return r;
	if (!is_among(type, config_types))
		return err_set(err, ENOTSUP, "it is no image, but \"%.80s\"", type ? type : "");
	if (json_object_get_int64(size) > ANSWER_CONFIG_BYTES_MAX)
		return err_set(err, EFBIG, "its configuration is larger than %u bytes",
		               ANSWER_CONFIG_BYTES_MAX);
	return put_digest(config, out, err);
}

int answer_parse_manifest(const char *type, const char *text, size_t len, struct answer *out,
                          struct err *err)
{
	CLEANUP(json_putp)
	struct json_object *root = len <= ANSWER_MANIFEST_BYTES_MAX
	                                   ? json_parse_all(text, len, ANSWER_DEPTH_MAX)
	                                   : NULL;
	struct json_object *list, *config, *version;
	const char *own_type;
	int r;

	*out = (struct answer){0};
	if (!json_object_is_type(root, json_type_object))
		return err_set(err, EBADMSG, "the manifest is no JSON object");
	r = member_text(root, "mediaType", &own_type, err);
	if (r == 0)
		r = member(root, "manifests", &list, err);
	if (r == 0)
		r = member(root, "config", &config, err);
	if (r == 0)
		r = member(root, "schemaVersion", &version, err);
	if (r < 0)
		return err_wrap(err, "the manifest");
	if (json_object_get_int(version) == 1)
		return err_set(err, ENOTSUP, "a manifest of schema 1");
	/* One text, two readings: CVE-2021-41190. */
	if ((list && config) ||
	    (list && (is_among(own_type, manifest_types) || is_among(type, manifest_types))) ||
	    (config && (is_among(own_type, index_types) || is_among(type, index_types))))
		return err_set(err, EBADMSG, "the manifest can be read in two ways");
	if (own_type && !is_among(own_type, index_types) && !is_among(own_type, manifest_types))
		return err_set(err, ENOTSUP, "\"%.80s\" is no manifest of an image", own_type);
	if (json_object_is_type(list, json_type_array))
		r = parse_index(list, out, err);
	else if (json_object_is_type(config, json_type_object))
		r = parse_manifest(config, out, err);
	else
		return err_set(err, EBADMSG, "the manifest has no configuration");
	return r < 0 ? err_wrap(err, list ? "the index" : "the manifest") : 0;
}

/* Room that is left for what is kept. */
struct room {
	size_t strings, bytes;
};

static int copy_string(struct json_object *value, struct room *room, char **out, struct err *err)
{
	const char *text = json_object_get_string(value);
	size_t len = (size_t)json_object_get_string_len(value);

	if (!json_object_is_type(value, json_type_string) || strlen(text) != len)
		return err_set(err, EBADMSG, "a list that is not of strings");
	if (room->strings == 0 || room->bytes <= len)
		return err_set(err, EFBIG, "what it starts is longer than %u bytes",
		               ANSWER_STRING_BYTES_MAX);
	room->strings--;
	room->bytes -= len + 1;
	*out = strdup(text);
	return *out ? 0 : err_set(err, ENOMEM, "no memory");
}

static int get_list(struct json_object *object, const char *name, struct json_object **out,
                    struct err *err)
{
	int r = member(object, name, out, err);

	if (r == 0 && *out && !json_object_is_type(*out, json_type_array))
		return err_set(err, EBADMSG, "%s is no list", name);
	return r;
}

/* NULL for an empty list, as for none: the runtime makes no difference. */
static int copy_list(struct json_object *object, const char *name, struct room *room, char ***out,
                     struct err *err)
{
	struct json_object *list;
	int r = get_list(object, name, &list, err);
	size_t count = r == 0 && list ? json_object_array_length(list) : 0;

	if (r < 0 || count == 0)
		return r;
	if (count > ANSWER_STRINGS_MAX)
		return err_set(err, EFBIG, "%s has %zu strings", name, count);
	*out = calloc(count + 1, sizeof(**out));
	if (!*out)
		return err_set(err, ENOMEM, "no memory");
	for (size_t i = 0; i < count && r == 0; i++)
		r = copy_string(json_object_array_get_idx(list, i), room, &(*out)[i], err);
	return r;
}

/* The last one counts, as the runtime sets them one after the other. */
static int find_preload(struct json_object *object, struct room *room, char **out, struct err *err)
{
	static const char name[] = "LD_PRELOAD=";
	struct json_object *list, *found = NULL;
	int r = get_list(object, "Env", &list, err);
	size_t count = r == 0 && list ? json_object_array_length(list) : 0;
	char *line = NULL;

	for (size_t i = 0; i < count; i++) {
		struct json_object *entry = json_object_array_get_idx(list, i);

		if (json_object_is_type(entry, json_type_string) &&
		    strncmp(json_object_get_string(entry), name, sizeof(name) - 1) == 0)
			found = entry;
	}
	if (r < 0 || !found)
		return r;
	r = copy_string(found, room, &line, err);
	if (r < 0)
		return r;
	memmove(line, line + sizeof(name) - 1, strlen(line) - (sizeof(name) - 1) + 1);
	*out = line;
	return 0;
}

static int check_platform(struct json_object *root, struct err *err)
{
	const char *os, *architecture;
	int r = member_text(root, "os", &os, err);

	if (r == 0)
		r = member_text(root, "architecture", &architecture, err);
	if (r < 0)
		return r;
	if (!os || !architecture || strcmp(os, "linux") != 0 || strcmp(architecture, "amd64") != 0)
		return err_set(err, ENOTSUP, "the image is for %.20s/%.20s", os ? os : "?",
		               architecture ? architecture : "?");
	return 0;
}

int answer_parse_config(const char *text, size_t len, struct images_config *out, struct err *err)
{
	CLEANUP(json_putp)
	struct json_object *root =
	        len <= ANSWER_CONFIG_BYTES_MAX ? json_parse_all(text, len, ANSWER_DEPTH_MAX) : NULL;
	CLEANUP(images_config_done) struct images_config config = {0};
	struct room room = {ANSWER_STRINGS_MAX, ANSWER_STRING_BYTES_MAX};
	struct json_object *started;
	int r;

	*out = (struct images_config){0};
	if (!json_object_is_type(root, json_type_object))
		return err_set(err, EBADMSG, "the image's configuration is no JSON object");
	r = check_platform(root, err);
	if (r == 0)
		r = member(root, "config", &started, err);
	if (r == 0)
		r = copy_list(started, "Entrypoint", &room, &config.entrypoint, err);
	if (r == 0)
		r = copy_list(started, "Cmd", &room, &config.cmd, err);
	if (r == 0)
		r = find_preload(started, &room, &config.ld_preload, err);
	if (r < 0)
		return err_wrap(err, "the image's configuration");
	*out = config;
	config = (struct images_config){0};
	return 0;
}

void answer_format_error(const char *text, size_t len, char *out, size_t cap)
{
	CLEANUP(json_putp)
	struct json_object *root =
	        len <= ANSWER_CONFIG_BYTES_MAX ? json_parse_all(text, len, 8) : NULL;
	struct json_object *list = json_member(root, "errors");
	struct json_object *first = json_object_is_type(list, json_type_array)
	                                    ? json_object_array_get_idx(list, 0)
	                                    : root;
	const char *code = json_member_string(first, "code");
	const char *message = json_member_string(first, "message");

	if (!code) /* AWS */
		code = json_member_string(first, "__type");
	if (!message) /* a token server's */
		message = json_member_string(first, "details");
	snprintf(out, cap, "%s%s%s", code ? code : "", code && message ? ": " : "",
	         message ? message : "");
}
