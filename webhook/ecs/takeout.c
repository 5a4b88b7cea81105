#include "webhook/ecs/takeout.h"

#include <string.h>

#include "injector/base/contract.h"
#include "injector/base/own.h"
#include "webhook/ecs/label.h"
#include "webhook/mutate/tree.h"
#include "webhook/mutate/wrap.h"

struct takeout {
	const struct task *task;
	struct ops *ops;
	struct json_object *created, *nulls; /* what the label says, or NULL */
};

static bool has(struct json_object *list, const char *pointer)
{
	for (size_t i = 0; i < tree_count(list); i++)
		if (tree_item_is(list, i, pointer))
			return true;
	return false;
}

static bool is(struct json_object *item, const char *key, const char *value)
{
	const char *text = tree_string(item, key);

	return text && strcmp(text, value) == 0;
}

static bool our_variable(struct json_object *item)
{
	return is(item, "name", CONTRACT_ENV_CONTAINER) || is(item, "name", CONTRACT_ENV_PID1) ||
	       (is(item, "name", "LD_PRELOAD") && is(item, "value", CONTRACT_LIBRARY));
}

static bool our_mount(struct json_object *item)
{
	return is(item, "sourceVolume", CONTRACT_VOLUME);
}

static bool our_dependency(struct json_object *item)
{
	return is(item, "containerName", CONTRACT_INSTALL_CONTAINER);
}

static bool our_volume(struct json_object *item)
{
	return is(item, "name", CONTRACT_VOLUME);
}

static bool our_container(struct json_object *item)
{
	return task_is_install(item) || task_is_agent(item);
}

/* Remove the members of list `key` for which `ours` holds, last first; a list that was made for
 * them goes too.  `made` is the pointer of what holds the list, as the label writes it. */
static void remove_from(struct takeout *out, struct json_object *holder, const char *pointer,
                        const char *made, const char *key, bool (*ours)(struct json_object *item))
{
	struct json_object *list = tree_list(holder, key);
	size_t count = tree_count(list), removed = 0;
	char path[OPS_POINTER_MAX];

	for (size_t i = 0; i < count; i++)
		removed += ours(tree_at(list, i));
	if (!list || (removed == 0 && count > 0))
		return;
	ops_join(out->ops, path, "%s/%s", made, key);
	if (removed == count && (has(out->created, path) || has(out->nulls, path))) {
		bool was_null = !has(out->created, path);

		ops_join(out->ops, path, "%s/%s", pointer, key);
		if (was_null)
			ops_put_null(out->ops, path);
		else
			ops_remove(out->ops, path);
		return;
	}
	for (size_t i = count; i > 0; i--) {
		if (!ours(tree_at(list, i - 1)))
			continue;
		ops_join(out->ops, path, "%s/%s/%zu", pointer, key, i - 1);
		ops_remove(out->ops, path);
	}
}

/* Cut ":/.farguard/libfarguard.so" off the end of every LD_PRELOAD. */
static void unjoin_preload(struct takeout *out, struct json_object *container, const char *pointer)
{
	static const char tail[] = ":" CONTRACT_LIBRARY;
	struct json_object *env = tree_list(container, "environment");
	char path[OPS_POINTER_MAX];

	for (size_t i = 0; i < tree_count(env); i++) {
		const char *value = task_preload(tree_at(env, i));
		size_t len = value ? strlen(value) : 0, cut = sizeof(tail) - 1;

		if (!is(tree_at(env, i), "name", "LD_PRELOAD") || len < cut ||
		    strcmp(value + len - cut, tail) != 0)
			continue;
		ops_join(out->ops, path, "%s/environment/%zu/value", pointer, i);
		ops_put(out->ops, "replace", path,
		        json_object_new_string_len(value, (int)(len - cut)));
	}
}

static void undo_container(struct takeout *out, const struct task_container *c)
{
	size_t count = wrap_count(tree_list(c->spec, "entryPoint"));
	char pointer[OPS_POINTER_MAX], made[OPS_POINTER_MAX], path[OPS_POINTER_MAX];

	task_pointer(out->task, out->ops, pointer, "/containerDefinitions/%zu", c->index);
	ops_join(out->ops, made, "/containerDefinitions/%s", c->name);
	for (size_t i = 0; i < count; i++) {
		ops_join(out->ops, path, "%s/entryPoint/0", pointer);
		ops_remove(out->ops, path);
	}
	unjoin_preload(out, c->spec, pointer);
	remove_from(out, c->spec, pointer, made, "environment", our_variable);
	remove_from(out, c->spec, pointer, made, "mountPoints", our_mount);
	remove_from(out, c->spec, pointer, made, "dependsOn", our_dependency);
}

void takeout_task(const struct task *task, struct ops *ops)
{
	struct json_object *list = tree_list(task->spec, "containerDefinitions");
	CLEANUP(tree_putp) struct json_object *status = NULL;
	struct takeout out = {.task = task, .ops = ops};

	if (!task_is_repair(task))
		return;
	if (task->install >= 0)
		status = label_of(tree_at(list, (size_t)task->install));
	out.created = tree_list(tree_get(status, "undo"), "created");
	out.nulls = tree_list(tree_get(status, "undo"), "nulls");
	for (size_t i = 0; i < task->count; i++)
		undo_container(&out, &task->containers[i]);
	remove_from(&out, task->spec, task->pointer, "", "containerDefinitions", our_container);
	remove_from(&out, task->spec, task->pointer, "", "volumes", our_volume);
}
