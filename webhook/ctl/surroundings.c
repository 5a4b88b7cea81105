#include "webhook/ctl/surroundings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/ctl/input.h"
#include "webhook/ctl/options.h"
#include "webhook/manifest/manifest.h"
#include "webhook/mutate/tree.h"
#include "webhook/mutate/words.h"

/* One document that counts. */
struct reading {
	struct surroundings *to;
	struct tree_build build;
	const char *file, *namespace;
	const struct manifest_item *item;
	struct json_object *document;
};

static void manifest_freep(struct manifest **manifest)
{
	manifest_free(*manifest);
}

/* Annotation over label, or NULL. */
static const char *word_of(struct json_object *metadata, const char *key)
{
	const char *word = tree_string(tree_get(metadata, "annotations"), key);

	return word ? word : tree_string(tree_get(metadata, "labels"), key);
}

static void take_namespace(struct reading *r)
{
	struct json_object *metadata = tree_get(r->document, "metadata"), *said;
	const char *inject = word_of(metadata, ANNOTATION_INJECT);
	const char *pid1 = word_of(metadata, ANNOTATION_PID1);
	char from[256];

	if (!*r->item->name)
		return;
	snprintf(from, sizeof(from), "%.200s:%zu", r->file, r->item->line);
	said = tree_new_object(&r->build);
	tree_put_string(&r->build, said, "inject", inject ? inject : "");
	tree_put_string(&r->build, said, "pid1", pid1 ? pid1 : "");
	tree_put_string(&r->build, said, "from", from);
	tree_put_copied(&r->build, r->to->namespaces, r->item->name, said);
}

/* Append to the array of the document's namespace.  Consumes `value`. */
static void append(struct reading *r, struct json_object *by_namespace, struct json_object *value)
{
	struct json_object *list = tree_list(by_namespace, r->namespace);

	if (!list) {
		list = tree_new_list(&r->build);
		tree_put_copied(&r->build, by_namespace, r->namespace, list);
	}
	tree_push(&r->build, list, value);
}

static void take_limit_range(struct reading *r)
{
	struct json_object *spec = tree_object(r->document, "spec");

	if (spec)
		append(r, r->to->limit_ranges, json_object_get(spec));
}

/* What a cluster's ResourceQuota says is used counts; a file's says nothing yet. */
static void take_quota(struct reading *r)
{
	static const char *const kept[] = {"hard", "scopes", "scopeSelector"};
	struct json_object *spec = tree_object(r->document, "spec");
	struct json_object *used = tree_object(tree_object(r->document, "status"), "used");
	struct json_object *out = tree_new_object(&r->build);

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		if (tree_get(spec, kept[i]))
			tree_put(&r->build, out, kept[i], json_object_get(tree_get(spec, kept[i])));
	tree_put(&r->build, out, "used", used ? json_object_get(used) : tree_new_object(&r->build));
	append(r, r->to->quotas, out);
}

static const struct {
	const char *kind;
	void (*take)(struct reading *r);
} kinds[] = {
        {"Namespace", take_namespace},
        {"LimitRange", take_limit_range},
        {"ResourceQuota", take_quota},
};

#define KIND_COUNT (sizeof(kinds) / sizeof(*kinds))

static int read_item(struct surroundings *s, const struct options *options,
                     const struct manifest *manifest, size_t index, const char *file)
{
	CLEANUP(tree_putp) struct json_object *document = NULL;
	const struct manifest_item *item = manifest_item(manifest, index);
	struct reading reading = {.to = s, .file = file, .item = item};
	size_t i = 0;

	while (i < KIND_COUNT && strcmp(item->kind, kinds[i].kind) != 0)
		i++;
	if (i == KIND_COUNT)
		return 0;
	if (manifest_object(manifest, index, &document) < 0)
		return -ENOMEM;
	reading.namespace = *item->namespace     ? item->namespace
	                    : options->namespace ? options->namespace
	                                         : "";
	reading.document = document;
	/* Another group may have kinds of these names. */
	if (tree_string(document, "apiVersion") &&
	    strcmp(tree_string(document, "apiVersion"), "v1") != 0)
		return 0;
	kinds[i].take(&reading);
	return reading.build.failed ? -ENOMEM : 0;
}

/* Most files have no such document: those are not read twice. */
static bool may_have_one(const struct input_file *file)
{
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (memmem(file->bytes, file->len, kinds[i].kind, strlen(kinds[i].kind)))
			return true;
	return false;
}

int surroundings_read(struct surroundings *s, const struct options *options,
                      const struct input *input, struct err *err)
{
	struct tree_build build = {0};

	*s = (struct surroundings){tree_new_object(&build), tree_new_object(&build),
	                           tree_new_object(&build)};
	for (size_t i = 0; i < input->count && !build.failed; i++) {
		CLEANUP(manifest_freep) struct manifest *manifest = NULL;
		const struct input_file *file = &input->files[i];
		int r;

		if (!may_have_one(file))
			continue;
		r = manifest_parse(file->bytes, file->len, file->name, &manifest, err);
		if (r < 0)
			return r;
		for (size_t j = 0; j < manifest_count(manifest) && !build.failed; j++)
			build.failed = read_item(s, options, manifest, j, file->name) < 0;
	}
	return build.failed ? err_set(err, ENOMEM, "out of memory") : 0;
}

void surroundings_done(struct surroundings *s)
{
	tree_putp(&s->namespaces);
	tree_putp(&s->limit_ranges);
	tree_putp(&s->quotas);
}

bool surroundings_namespace(const struct surroundings *s, const char *name, const char **out_inject,
                            const char **out_from)
{
	struct json_object *said = tree_object(s->namespaces, name);

	if (!said)
		return false;
	*out_inject = tree_string(said, "inject");
	*out_from = tree_string(said, "from");
	return true;
}

const char *surroundings_pid1(const struct surroundings *s, const char *name)
{
	return tree_string(tree_object(s->namespaces, name), "pid1");
}

struct json_object *surroundings_limit_ranges(const struct surroundings *s, const char *name)
{
	return tree_list(s->limit_ranges, name);
}

struct json_object *surroundings_quotas(const struct surroundings *s, const char *name)
{
	return tree_list(s->quotas, name);
}
