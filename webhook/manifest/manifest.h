/* manifest.h - documents as people write them: read, shown as JSON, patched, printed back.
 *
 * Why      What a file says and a patch does not name must come out as it went in, so nothing is
 *          printed from a model that loses spelling: JSON keeps its text to the byte, YAML each
 *          scalar's text and style (comments, anchors and merge keys are resolved and gone).
 * Owns     Everything an item points to, until manifest_done().
 * Limits   MANIFEST_BYTES_MAX bytes, MANIFEST_NODES_MAX nodes after aliases are resolved,
 *          MANIFEST_DEPTH_MAX levels, MANIFEST_LISTS_MAX Lists in Lists.
 * Errors   "NAME:LINE:COLUMN: ..." in `err`.
 */
#ifndef FARGUARD_MANIFEST_MANIFEST_H
#define FARGUARD_MANIFEST_MANIFEST_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#define MANIFEST_BYTES_MAX (64u << 20)
#define MANIFEST_NODES_MAX (2u << 20)
#define MANIFEST_DEPTH_MAX 200
#define MANIFEST_LISTS_MAX 8

struct err;
struct manifest;

enum manifest_format { MANIFEST_AS_READ, MANIFEST_YAML, MANIFEST_JSON };

/* A document, or an item of a List document or of a plain list of task definitions.  Empty
 * documents and empty Lists have no items. */
struct manifest_item {
	const char *kind, *namespace, *name; /* never NULL; "" when it does not say */
	size_t line, column;                 /* where it begins, from 1 */
	bool is_workload; /* its kind (and group) has a pod or a pod's template in it */
	bool is_template;
	/* Where the pod stands, relative to the item: "" or "/spec/template"; NULL when it is no
	 * workload. */
	const char *pod_pointer;
	/* The pod or its template, as read: an object; NULL when there is none, or when what stands
	 * there is none. */
	struct json_object *pod;
	/* The whole item, when it is shaped as an ECS task definition; its kind is then
	 * "TaskDefinition", its name the family, and it is no workload.  Else NULL. */
	struct json_object *task;
};

/* Read `len` bytes; `name` is the file's, for messages.  JSON when it begins with { or [ and is
 * JSON throughout (several values may follow each other), else YAML.  Returns 0 with `*out` for
 * manifest_free(), or -errno with `err` set. */
int manifest_parse(const char *bytes, size_t len, const char *name, struct manifest **out,
                   struct err *err);
void manifest_free(struct manifest *manifest);

/* MANIFEST_YAML or MANIFEST_JSON: what it was read as. */
enum manifest_format manifest_format(const struct manifest *manifest);

/* Items of all documents, in order. */
size_t manifest_count(const struct manifest *manifest);
const struct manifest_item *manifest_item(const struct manifest *manifest, size_t index);

/* All of the item as read, for json_object_put(); NULL when it is null.  Returns 0 or -ENOMEM. */
int manifest_object(const struct manifest *manifest, size_t index, struct json_object **out);

/* "Deployment/web" for struct mutate_context, borrowed; NULL for a bare pod or without a name. */
const char *manifest_workload(const struct manifest *manifest, size_t index);

/* A copy of `patch`, whose pointers are relative to the pod, with pointers relative to the item;
 * NULL without memory. */
struct json_object *manifest_lift(const struct manifest_item *item, struct json_object *patch);

/* Apply add, remove and replace operations, relative to the item.  Items stay as they were read.
 * Returns 0 or -errno with `err` naming the operation; after a failure the manifest is only good
 * for manifest_free(). */
int manifest_apply(struct manifest *manifest, size_t index, struct json_object *patch,
                   struct err *err);

/* All documents as text in `*out`, for free(); its length, without the NUL, in `*out_len`.  YAML
 * documents are separated by "---" lines; `first` is false when others were printed before, so
 * that the text can follow theirs.  Returns 0 or -errno. */
int manifest_print(const struct manifest *manifest, enum manifest_format format, bool first,
                   char **out, size_t *out_len, struct err *err);

#endif
