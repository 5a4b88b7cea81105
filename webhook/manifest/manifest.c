#include "webhook/manifest/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/manifest/definition.h"
#include "webhook/manifest/from_json.h"
#include "webhook/manifest/from_yaml.h"
#include "webhook/manifest/patch.h"
#include "webhook/manifest/stream.h"
#include "webhook/manifest/to_json.h"
#include "webhook/manifest/to_yaml.h"
#include "webhook/manifest/workload.h"
#include "webhook/mutate/tree.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct item {
	struct manifest_item shown;
	struct node *node;
	unsigned depth; /* of the node in its document */
	const char *workload;
};

struct manifest {
	struct stream stream;
	char *name;
	enum manifest_format format;
	struct item *items;
	size_t count, cap;
};

static const char *text_or_empty(const struct node *node)
{
	const char *text = node_text(node);

	return text ? text : "";
}

/* "Kind/name" into the arena. */
static const char *join_workload(struct arena *arena, const char *kind, const char *name)
{
	size_t kind_len = strlen(kind), name_len = strlen(name);
	char *text = arena_take(arena, kind_len + name_len + 2);

	if (!text)
		return NULL;
	memcpy(text, kind, kind_len);
	text[kind_len] = '/';
	memcpy(text + kind_len + 1, name, name_len);
	return text;
}

static int find_pod(struct item *item, const struct workload *workload)
{
	const struct node *pod = item->node;

	for (size_t i = 0; workload->path[i]; i++)
		pod = node_get(pod, workload->path[i]);
	item->shown.is_workload = true;
	item->shown.is_template = *workload->pointer != '\0';
	item->shown.pod_pointer = workload->pointer;
	if (!pod || pod->kind != NODE_MAP)
		return 0;
	return node_to_json(pod, &item->shown.pod);
}

static struct item *push_item(struct manifest *manifest)
{
	if (manifest->count == manifest->cap) {
		size_t cap = manifest->cap ? manifest->cap * 2 : 8;
		struct item *grown = realloc(manifest->items, cap * sizeof(*grown));

		if (!grown)
			return NULL;
		manifest->items = grown;
		manifest->cap = cap;
	}
	manifest->items[manifest->count] = (struct item){0};
	return &manifest->items[manifest->count++];
}

/* `listed` is what a typed list says of its items, or NULL. */
static int add_item(struct manifest *manifest, struct node *node, unsigned depth,
                    const struct workload *listed)
{
	const struct node *metadata = node_get(node, "metadata");
	const char *api_version = text_or_empty(node_get(node, "apiVersion"));
	struct item *item = push_item(manifest);
	const struct workload *workload;
	const struct node *definition;
	int r = 0;

	if (!item)
		return -ENOMEM;
	item->node = node;
	item->depth = depth;
	item->shown = (struct manifest_item){
	        .kind = text_or_empty(node_get(node, "kind")),
	        .namespace = text_or_empty(node_get(metadata, "namespace")),
	        .name = text_or_empty(node_get(metadata, "name")),
	        .line = node->line,
	        .column = node->column,
	};
	if (!*item->shown.name)
		item->shown.name = text_or_empty(node_get(metadata, "generateName"));
	definition = definition_find(node);
	if (definition) {
		item->shown.kind = DEFINITION_KIND;
		item->shown.namespace = "";
		item->shown.name = text_or_empty(node_get(definition, "family"));
		return node_to_json(node, &item->shown.task);
	}
	workload = workload_find(item->shown.kind, api_version);
	if (!*item->shown.kind && listed && node->kind == NODE_MAP) {
		workload = listed;
		item->shown.kind = listed->kind;
	}
	if (!workload)
		return 0;
	r = find_pod(item, workload);
	if (r == 0 && item->shown.is_template && *item->shown.name) {
		item->workload =
		        join_workload(&manifest->stream.arena, item->shown.kind, item->shown.name);
		r = item->workload ? 0 : -ENOMEM;
	}
	return r;
}

static int add_items(struct manifest *manifest, struct node *node, unsigned lists, unsigned depth,
                     const struct workload *listed, struct err *err)
{
	const struct node *items = node_get(node, "items");
	const struct workload *inner;
	int r = 0;

	if (depth == 0 && definition_is_list(node)) {
		for (size_t i = 0; i < node->count && r == 0; i++)
			r = add_item(manifest, node->members[i].value, 1, NULL);
		return r < 0 ? stream_no_memory(&manifest->stream, err) : 0;
	}
	if (!items || items->kind != NODE_LIST ||
	    !workload_is_list(text_or_empty(node_get(node, "kind")),
	                      text_or_empty(node_get(node, "apiVersion")), &inner)) {
		r = add_item(manifest, node, depth, listed);
		return r < 0 ? stream_no_memory(&manifest->stream, err) : 0;
	}
	if (lists >= MANIFEST_LISTS_MAX)
		return stream_error(&manifest->stream, node->line, node->column, err,
		                    "more than %d Lists in each other", MANIFEST_LISTS_MAX);
	for (size_t i = 0; i < items->count && r == 0; i++)
		r = add_items(manifest, items->members[i].value, lists + 1, depth + 2, inner, err);
	return r;
}

static bool looks_like_json(struct str text)
{
	if (text.len >= 3 && memcmp(text.ptr, BYTE_ORDER_MARK, 3) == 0)
		text = (struct str){text.ptr + 3, text.len - 3};
	while (text.len && strchr(" \t\r\n", text.ptr[0]) && text.ptr[0])
		text = (struct str){text.ptr + 1, text.len - 1};
	return text.len && (text.ptr[0] == '{' || text.ptr[0] == '[');
}

static int read_text(struct manifest *manifest, struct str text, struct err *err)
{
	struct stream *stream = &manifest->stream;
	struct err yaml_err = {0};
	CLEANUP(stream_done) struct stream json = {.name = stream->name};
	size_t offset = 0;
	int r;

	manifest->format = MANIFEST_YAML;
	if (!looks_like_json(text))
		return from_yaml(stream, text, err);
	manifest->format = MANIFEST_JSON;
	text = arena_copy(&json.arena, text);
	if (!text.ptr)
		return stream_no_memory(stream, err);
	r = from_json(&json, text, &offset, err);
	if (r != -EINVAL) {
		*stream = json;
		json = (struct stream){0};
		return r;
	}
	/* It may be YAML's flow style. */
	manifest->format = MANIFEST_YAML;
	r = from_yaml(stream, text, &yaml_err);
	if (r == 0)
		*err = (struct err){0};
	/* When it is neither, it was meant as JSON if its first member was. */
	else if (json.node_count < 3 && offset < text.len)
		*err = yaml_err;
	return r < 0 ? -err->code : 0;
}

int manifest_parse(const char *bytes, size_t len, const char *name, struct manifest **out,
                   struct err *err)
{
	struct manifest *manifest;
	int r = 0;

	if (len > MANIFEST_BYTES_MAX)
		return err_set(err, EFBIG, "%.150s:1:1: longer than %u bytes", name,
		               MANIFEST_BYTES_MAX);
	manifest = calloc(1, sizeof(*manifest));
	if (manifest)
		manifest->name = strdup(name);
	if (!manifest || !manifest->name) {
		free(manifest);
		return err_set(err, ENOMEM, "%.150s: out of memory", name);
	}
	manifest->stream.name = manifest->name;
	r = read_text(manifest, (struct str){bytes, len}, err);
	for (size_t i = 0; i < manifest->stream.count && r == 0; i++)
		r = add_items(manifest, manifest->stream.documents[i].root, 0, 0, NULL, err);
	if (r < 0) {
		manifest_free(manifest);
		return r;
	}
	*out = manifest;
	return 0;
}

void manifest_free(struct manifest *manifest)
{
	if (!manifest)
		return;
	for (size_t i = 0; i < manifest->count; i++) {
		json_object_put(manifest->items[i].shown.pod);
		json_object_put(manifest->items[i].shown.task);
	}
	free(manifest->items);
	stream_done(&manifest->stream);
	free(manifest->name);
	free(manifest);
}

enum manifest_format manifest_format(const struct manifest *manifest)
{
	return manifest->format;
}

size_t manifest_count(const struct manifest *manifest)
{
	return manifest->count;
}

const struct manifest_item *manifest_item(const struct manifest *manifest, size_t index)
{
	return &manifest->items[index].shown;
}

int manifest_object(const struct manifest *manifest, size_t index, struct json_object **out)
{
	return node_to_json(manifest->items[index].node, out);
}

const char *manifest_workload(const struct manifest *manifest, size_t index)
{
	return manifest->items[index].workload;
}

/* A copy of one operation with another path. */
static void lift_operation(struct tree_build *build, struct json_object *list, const char *prefix,
                           struct json_object *operation)
{
	const char *path = tree_string(operation, "path");
	struct json_object *copy = NULL;
	size_t prefix_len = strlen(prefix), path_len = path ? strlen(path) : 0;
	CLEANUP(mem_freep) char *whole = malloc(prefix_len + path_len + 1);

	if (!whole || json_object_deep_copy(operation, &copy, NULL) < 0) {
		build->failed = true;
		return;
	}
	if (path) {
		memcpy(whole, prefix, prefix_len);
		memcpy(whole + prefix_len, path, path_len + 1);
		tree_put_string(build, copy, "path", whole);
	}
	tree_push(build, list, copy);
}

struct json_object *manifest_lift(const struct manifest_item *item, struct json_object *patch)
{
	struct tree_build build = {0};
	CLEANUP(tree_putp) struct json_object *list = tree_new_list(&build);

	for (size_t i = 0; i < tree_count(patch) && !build.failed; i++)
		lift_operation(&build, list, item->pod_pointer ? item->pod_pointer : "",
		               json_object_array_get_idx(patch, i));
	return build.failed ? NULL : TAKE(list);
}

int manifest_apply(struct manifest *manifest, size_t index, struct json_object *patch,
                   struct err *err)
{
	const struct item *item = &manifest->items[index];

	if (patch_apply(&manifest->stream.arena, item->node, item->depth, patch, err) < 0)
		return err_wrap(err, "%.150s:%zu:%zu", manifest->stream.name, item->shown.line,
		                item->shown.column);
	return 0;
}

int manifest_print(const struct manifest *manifest, enum manifest_format format, bool first,
                   char **out, size_t *out_len, struct err *err)
{
	CLEANUP(text_done) struct text text = {0};
	int r = 0;

	text_add(&text, STR(""));
	if (format == MANIFEST_AS_READ)
		format = manifest->format;
	if (format == MANIFEST_YAML)
		r = to_yaml(&manifest->stream, first, &text, err);
	else
		to_json(&manifest->stream, first, &text);
	if (r == 0 && text.failed)
		r = stream_no_memory(&manifest->stream, err);
	if (r < 0)
		return r;
	*out_len = text.len;
	*out = TAKE(text.bytes);
	return 0;
}
