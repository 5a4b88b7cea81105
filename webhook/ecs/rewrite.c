/* rewrite.c - containers first, by the indexes that they have; ours go behind them. */
#include "webhook/ecs/rewrite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/contract.h"
#include "injector/base/own.h"
#include "webhook/ecs/choose.h"
#include "webhook/ecs/label.h"
#include "webhook/ecs/parts.h"
#include "webhook/mutate/wrap.h"

static bool has_mount(struct json_object *container)
{
	struct json_object *mounts = tree_list(container, "mountPoints");
	long at = tree_find(mounts, "sourceVolume", CONTRACT_VOLUME);

	return at >= 0;
}

static bool depends(struct json_object *container)
{
	return tree_find(tree_list(container, "dependsOn"), "containerName",
	                 CONTRACT_INSTALL_CONTAINER) >= 0;
}

static void edit_entry(const struct task *task, struct ops *ops, const struct task_container *c)
{
	const char *words[WRAP_WORDS_MAX];
	size_t count = wrap_words(task->pid1, words);
	char path[OPS_POINTER_MAX];

	for (size_t i = 0; i < count && c->has_entry && !c->wrapped; i++) {
		task_pointer(task, ops, path, "/containerDefinitions/%zu/entryPoint/%zu", c->index,
		             i);
		ops_put(ops, "add", path, tree_new_string(&ops->build, words[i]));
	}
}

/* Join the library to a value that the definition sets: that hides the image's anyway. */
static void join_preload(const struct task *task, struct ops *ops, const struct task_container *c,
                         size_t index)
{
	static const char tail[] = ":" CONTRACT_LIBRARY;
	const char *value = task_preload(tree_at(tree_list(c->spec, "environment"), index));
	size_t bytes = (value ? strlen(value) : 0) + sizeof(tail);
	CLEANUP(mem_freep) char *joined = NULL;
	char path[OPS_POINTER_MAX];

	if (!value || strstr(value, CONTRACT_LIBRARY))
		return;
	joined = malloc(bytes);
	if (!joined) {
		ops->build.failed = true;
		return;
	}
	snprintf(joined, bytes, "%s%s", value, tail);
	task_pointer(task, ops, path, "/containerDefinitions/%zu/environment/%zu/value", c->index,
	             index);
	ops_put(ops, "replace", path, tree_new_string(&ops->build, joined));
}

static struct json_object *new_variables(const struct task *task, struct ops *ops,
                                         const struct task_container *c)
{
	struct json_object *env = tree_list(c->spec, "environment");
	struct json_object *added = tree_new_list(&ops->build);

	for (size_t i = 0; i < tree_count(env); i++)
		if (strcmp(tree_string(tree_at(env, i), "name"), "LD_PRELOAD") == 0 &&
		    task->policy->inject.preload_env != POLICY_PRELOAD_NEVER)
			join_preload(task, ops, c, i);
	if (tree_find(env, "name", CONTRACT_ENV_CONTAINER) < 0) {
		tree_push(&ops->build, added, parts_name(c, &ops->build));
		/* Where an entry point is wrapped, its option says it. */
		if (task->pid1 != POLICY_PID1_AUTO && !c->has_entry)
			tree_push(&ops->build, added,
			          parts_variable(CONTRACT_ENV_PID1, wrap_pid1_word(task->pid1),
			                         &ops->build));
	}
	if (choose_adds_preload(task, c))
		tree_push(&ops->build, added,
		          parts_variable("LD_PRELOAD", CONTRACT_LIBRARY, &ops->build));
	return added;
}

static void edit_container(const struct task *task, struct ops *ops, const struct task_container *c)
{
	struct tree_build *build = &ops->build;
	char pointer[OPS_POINTER_MAX], made[OPS_POINTER_MAX];
	struct json_object *mounts = tree_new_list(build), *waits = tree_new_list(build);

	task_pointer(task, ops, pointer, "/containerDefinitions/%zu", c->index);
	ops_join(ops, made, "/containerDefinitions/%s", c->name);
	edit_entry(task, ops, c);
	ops_append(ops, c->spec, pointer, made, "environment", new_variables(task, ops, c));
	if (!has_mount(c->spec))
		tree_push(build, mounts, parts_mount(true, build));
	ops_append(ops, c->spec, pointer, made, "mountPoints", mounts);
	if (!depends(c->spec))
		tree_push(build, waits, parts_dependency(build));
	ops_append(ops, c->spec, pointer, made, "dependsOn", waits);
}

/* The agent that stands there already learns of what changed since. */
static void refresh_agent(const struct task *task, struct ops *ops)
{
	struct json_object *list = tree_list(task->spec, "containerDefinitions");
	struct json_object *env = tree_list(tree_at(list, (size_t)task->agent), "environment");
	struct json_object *text = parts_containers(task, &ops->build);
	long at = tree_find(env, "name", CONTRACT_ENV_CONTAINERS);
	char path[OPS_POINTER_MAX];

	if (at < 0 || !tree_has(tree_at(env, (size_t)at), "value") ||
	    tree_equal(text, tree_get(tree_at(env, (size_t)at), "value"), 0)) {
		json_object_put(text);
		return;
	}
	task_pointer(task, ops, path, "/containerDefinitions/%ld/environment/%ld/value",
	             task->agent, at);
	ops_put(ops, "replace", path, text);
}

void rewrite_task(const struct task *task, struct ops *ops)
{
	struct tree_build *build = &ops->build;
	struct json_object *volumes = tree_new_list(build);
	char path[OPS_POINTER_MAX];

	for (size_t i = 0; i < task->count; i++)
		if (task->containers[i].covered)
			edit_container(task, ops, &task->containers[i]);
	if (task->agent >= 0)
		refresh_agent(task, ops);
	if (!task->volume)
		tree_push(build, volumes, parts_volume(build));
	ops_append(ops, task->spec, task->pointer, "", "volumes", volumes);
	task_pointer(task, ops, path, "/containerDefinitions/-");
	if (task->agent < 0)
		ops_put(ops, "add", path, parts_agent(task, build));
	/* The last, so that its index is known. */
	if (task->install < 0)
		ops_put(ops, "add", path, parts_install(task, build));
}

struct json_object *rewrite_label(const struct task *task, struct ops *ops, enum reason reason)
{
	struct json_object *list = tree_list(task->spec, "containerDefinitions");
	struct json_object *install = tree_at(list, (size_t)task->install);
	struct json_object *labels = tree_get(install, "dockerLabels");
	struct json_object *status = label_make(task, ops, reason, label_of(install));
	size_t at =
	        task->install >= 0 ? (size_t)task->install : tree_count(list) + (task->agent < 0);
	char path[OPS_POINTER_MAX];

	if (!labels) {
		task_pointer(task, ops, path, "/containerDefinitions/%zu/dockerLabels", at);
		ops_put(ops, "add", path, tree_new_object(&ops->build));
	}
	task_pointer(task, ops, path, "/containerDefinitions/%zu/dockerLabels/farguard.io~1status",
	             at);
	ops_put(ops, "add", path, label_text(status, &ops->build));
	return status;
}
