#include "webhook/ecs/label.h"

#include "injector/base/own.h"
#include "injector/base/version.h"
#include "webhook/mutate/status.h"
#include "webhook/mutate/words.h"

#define LABEL_BYTES_MAX ECS_BYTES_MAX
/* Lists that an honest status names; a forged one may name any number. */
#define MERGE_MAX (4 * ECS_CONTAINERS_MAX)

struct json_object *label_of(struct json_object *install)
{
	return status_parse(tree_get(install, "dockerLabels"), LABEL_BYTES_MAX);
}

static struct json_object *containers(const struct task *task, struct tree_build *build)
{
	struct json_object *out = tree_new_object(build);

	for (size_t i = 0; i < task->count; i++) {
		const struct task_container *c = &task->containers[i];
		struct json_object *one = tree_new_object(build);

		tree_put(build, one, "covered", tree_new_bool(build, c->covered));
		tree_put_string(build, one, c->covered ? "how" : "reason",
		                c->covered ? c->how : c->reason);
		tree_put_copied(build, out, c->name, one);
	}
	return out;
}

/* Add every string of `more` that `list` does not have. */
static void merge(struct json_object *list, struct json_object *more, struct tree_build *build)
{
	for (size_t i = 0; i < tree_count(more) && i < MERGE_MAX; i++) {
		struct json_object *item = json_object_array_get_idx(more, i);
		bool has = !json_object_is_type(item, json_type_string);

		for (size_t j = 0; j < tree_count(list) && !has; j++)
			has = tree_item_is(list, j, json_object_get_string(item));
		if (!has)
			tree_push(build, list, json_object_get(item));
	}
}

struct json_object *label_make(const struct task *task, struct ops *ops, enum reason reason,
                               struct json_object *old)
{
	CLEANUP(tree_putp) struct json_object *before = old;
	struct tree_build *build = &ops->build;
	struct json_object *out = tree_new_object(build), *undo = tree_new_object(build);
	struct json_object *said = tree_object(before, "undo");

	merge(ops->created, tree_list(said, "created"), build);
	tree_put(build, undo, "created", json_object_get(ops->created));
	merge(ops->nulls, tree_list(said, "nulls"), build);
	if (tree_count(ops->nulls))
		tree_put(build, undo, "nulls", json_object_get(ops->nulls));
	tree_put_string(build, out, "version", FARGUARD_VERSION);
	tree_put_string(build, out, "reason", reason_name(reason));
	tree_put_string(build, out, "image", task->policy->image.reference);
	tree_put(build, out, "containers", containers(task, build));
	tree_put(build, out, "undo", undo);
	return out;
}

struct json_object *label_text(struct json_object *status, struct tree_build *build)
{
	CLEANUP(writer_done) struct writer text = {0};

	writer_add_json(&text, status);
	if (!text.failed && text.bytes)
		return tree_new_string(build, text.bytes);
	build->failed = true;
	return NULL;
}
