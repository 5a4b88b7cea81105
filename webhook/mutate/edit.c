/* edit.c - containers first, by the indexes that they have in the pod; then what shifts them. */
#include "webhook/mutate/edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/contract.h"
#include "webhook/mutate/image.h"
#include "webhook/mutate/ours.h"
#include "webhook/mutate/words.h"
#include "webhook/mutate/wrap.h"

#define VOLUME_SIZE   "32Mi"
#define SPOOL_MIB_MIN 8

/* Records of init containers that end before the agent starts pass through a volume. */
static bool spools(const struct plan *plan, const struct plan_container *c)
{
	return c->covered && c->init && !c->sidecar && !plan->as_sidecar;
}

static bool needs_spool(const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (spools(plan, &plan->containers[i]))
			return true;
	return false;
}

/* Each launcher writes 1 MiB at most and knows of no other: together they must not have the pod
 * evicted. */
static size_t spool_mib(const struct plan *plan)
{
	size_t mib = 1;

	for (size_t i = 0; i < plan->count; i++)
		mib += spools(plan, &plan->containers[i]);
	return mib > SPOOL_MIB_MIN ? mib : SPOOL_MIB_MIN;
}

static bool has_mount(struct json_object *container, const char *volume, const char *path)
{
	struct json_object *mounts = tree_list(container, "volumeMounts");

	for (size_t i = 0; i < tree_count(mounts); i++) {
		const char *name = tree_string(tree_at(mounts, i), "name");
		const char *at = tree_string(tree_at(mounts, i), "mountPath");

		if (name && strcmp(name, volume) == 0 && strcmp(at, path) == 0)
			return true;
	}
	return false;
}

static void edit_mounts(const struct plan *plan, struct ops *ops, const struct plan_container *c,
                        const char *pointer, const char *made)
{
	struct tree_build *build = &ops->build;
	struct json_object *mounts = tree_new_list(build);

	if (!has_mount(c->spec, CONTRACT_VOLUME, CONTRACT_DIR))
		tree_push(build, mounts,
		          ours_mount(CONTRACT_VOLUME, CONTRACT_DIR, NULL, true, build));
	if (!c->etc_mounted && !has_mount(c->spec, CONTRACT_VOLUME, CONTRACT_PRELOAD))
		tree_push(build, mounts,
		          ours_mount(CONTRACT_VOLUME, CONTRACT_PRELOAD, CONTRACT_PRELOAD_KEY, true,
		                     build));
	/* A directory of its own: none can write in another's name, or remove what it left. */
	if (spools(plan, c) && !has_mount(c->spec, CONTRACT_SPOOL_VOLUME, CONTRACT_SPOOL_DIR))
		tree_push(build, mounts,
		          ours_mount(CONTRACT_SPOOL_VOLUME, CONTRACT_SPOOL_DIR, c->name, false,
		                     build));
	ops_append(ops, c->spec, pointer, made, "volumeMounts", mounts);
}

/* Join the library to a value that the spec sets: a value in the spec hides the image's anyway. */
static void join_preload(struct ops *ops, struct json_object *variable, const char *pointer,
                         size_t index)
{
	const char *value = tree_string(variable, "value");
	char path[OPS_POINTER_MAX], *joined = NULL;

	if (!value || strstr(value, CONTRACT_LIBRARY))
		return;
	if (asprintf(&joined, "%s:%s", value, CONTRACT_LIBRARY) < 0) {
		ops->build.failed = true;
		return;
	}
	ops_join(ops, path, "%s/env/%zu/value", pointer, index);
	ops_put(ops, "replace", path, tree_new_string(&ops->build, joined));
	free(joined);
}

static void edit_env(const struct plan *plan, struct ops *ops, const struct plan_container *c,
                     const char *pointer, const char *made)
{
	struct tree_build *build = &ops->build;
	struct json_object *env = tree_list(c->spec, "env"), *added = tree_new_list(build);
	enum policy_preload_env mode = plan->policy->inject.preload_env;
	enum policy_pid1 pid1 = plan_pid1(plan, c);
	bool has_preload = false;

	for (size_t i = 0; i < tree_count(env); i++) {
		const char *name = tree_string(tree_at(env, i), "name");

		if (strcmp(name, "LD_PRELOAD") != 0)
			continue;
		has_preload = true;
		if (mode != POLICY_PRELOAD_NEVER)
			join_preload(ops, tree_at(env, i), pointer, i);
	}
	if (tree_find(env, "name", CONTRACT_ENV_CONTAINER) < 0) {
		tree_push(build, added, ours_variable(CONTRACT_ENV_CONTAINER, c->name, build));
		/* Where a command is wrapped, its option says it. */
		if (pid1 != POLICY_PID1_AUTO && !c->has_command && !c->looked_up)
			tree_push(build, added,
			          ours_variable(CONTRACT_ENV_PID1, wrap_pid1_word(pid1), build));
	}
	if (mode == POLICY_PRELOAD_ALWAYS && !has_preload)
		tree_push(build, added, ours_variable("LD_PRELOAD", CONTRACT_LIBRARY, build));
	ops_append(ops, c->spec, pointer, made, "env", added);
}

static void edit_command(const struct plan *plan, struct ops *ops, const struct plan_container *c,
                         const char *pointer)
{
	const char *words[WRAP_WORDS_MAX];
	size_t count = wrap_words(plan_pid1(plan, c), words);
	char path[OPS_POINTER_MAX];

	if (!c->has_command || c->wrapped)
		return;
	for (size_t i = 0; i < count; i++) {
		ops_join(ops, path, "%s/command/%zu", pointer, i);
		ops_put(ops, "add", path, tree_new_string(&ops->build, words[i]));
	}
}

static void edit_start(const struct plan *plan, struct ops *ops, const struct plan_container *c,
                       const char *pointer, const char *made)
{
	if (c->looked_up)
		image_edit(plan, ops, c, pointer, made);
	else
		edit_command(plan, ops, c, pointer);
}

static void edit_container(const struct plan *plan, struct ops *ops, const struct plan_container *c)
{
	const char *list = c->init ? "initContainers" : "containers";
	char pointer[OPS_POINTER_MAX], made[OPS_POINTER_MAX];

	ops_join(ops, pointer, "/spec/%s/%zu", list, c->index);
	ops_join(ops, made, "/spec/%s/%s", list, c->name);
	edit_start(plan, ops, c, pointer, made);
	edit_env(plan, ops, c, pointer, made);
	edit_mounts(plan, ops, c, pointer, made);
}

void edit_ephemeral(const struct plan *plan, struct ops *ops, const struct plan_container *c)
{
	struct tree_build *build = &ops->build;
	struct json_object *mounts = tree_new_list(build), *env = tree_list(c->spec, "env");
	struct json_object *added = tree_new_list(build);
	long preload = tree_find(env, "name", "LD_PRELOAD");
	char pointer[OPS_POINTER_MAX];

	ops_join(ops, pointer, "/spec/ephemeralContainers/%zu", c->index);
	edit_start(plan, ops, c, pointer, pointer);
	if (preload >= 0 && plan->policy->inject.preload_env != POLICY_PRELOAD_NEVER)
		join_preload(ops, tree_at(env, (size_t)preload), pointer, (size_t)preload);
	if (tree_find(env, "name", CONTRACT_ENV_CONTAINER) < 0)
		tree_push(build, added, ours_variable(CONTRACT_ENV_CONTAINER, c->name, build));
	if (preload < 0 && strcmp(c->how, "preload-env") == 0)
		tree_push(build, added, ours_variable("LD_PRELOAD", CONTRACT_LIBRARY, build));
	ops_append(ops, c->spec, pointer, pointer, "env", added);
	if (!has_mount(c->spec, CONTRACT_VOLUME, CONTRACT_DIR))
		tree_push(build, mounts,
		          ours_mount(CONTRACT_VOLUME, CONTRACT_DIR, NULL, true, build));
	ops_append(ops, c->spec, pointer, pointer, "volumeMounts", mounts);
}

/* farguard-install first, a sidecar agent right behind it. */
static void edit_init(const struct plan *plan, struct ops *ops)
{
	struct tree_build *build = &ops->build;
	bool add_agent = plan->as_sidecar && plan->sidecar_agent < 0;
	size_t at = plan->install < 0 ? 0 : (size_t)plan->install;
	char path[OPS_POINTER_MAX];

	if (!tree_list(plan->spec, "initContainers")) {
		struct json_object *list = tree_new_list(build);

		tree_push(build, list, ours_install(plan, build));
		if (add_agent)
			tree_push(build, list, ours_agent(plan, false, build));
		ops_append(ops, plan->spec, "/spec", "/spec", "initContainers", list);
		return;
	}
	if (plan->install < 0)
		ops_put(ops, "add", "/spec/initContainers/0", ours_install(plan, build));
	if (add_agent) {
		ops_join(ops, path, "/spec/initContainers/%zu", at + 1);
		ops_put(ops, "add", path, ours_agent(plan, false, build));
	}
}

/* The agent that stands there already learns of containers that others added since. */
static void refresh_agent(const struct plan *plan, struct ops *ops)
{
	const char *list = plan->as_sidecar ? "initContainers" : "containers";
	long at = plan->as_sidecar ? plan->sidecar_agent : plan->agent;
	/* An install container that was put in front of a sidecar agent has moved it. */
	long now = at + (plan->as_sidecar && plan->install < 0 ? 1 : 0);
	struct json_object *agent = tree_at(tree_list(plan->spec, list), (size_t)at);
	struct json_object *env = tree_list(agent, "env");
	long variable = tree_find(env, "name", CONTRACT_ENV_CONTAINERS);
	struct json_object *text;
	char pointer[OPS_POINTER_MAX], path[OPS_POINTER_MAX];

	ops_join(ops, pointer, "/spec/%s/%ld", list, now);
	/* Webhooks that know pods of an older Kubernetes drop it; the pod would never start. */
	if (plan->as_sidecar && !tree_string(agent, "restartPolicy")) {
		ops_join(ops, path, "%s/restartPolicy", pointer);
		ops_put(ops, "add", path, tree_new_string(&ops->build, "Always"));
	}
	if (variable >= 0 && tree_has(tree_at(env, (size_t)variable), "value")) {
		text = ours_containers(plan, &ops->build);
		if (tree_equal(text, tree_get(tree_at(env, (size_t)variable), "value"), 0)) {
			json_object_put(text);
		} else {
			ops_join(ops, path, "%s/env/%ld/value", pointer, variable);
			ops_put(ops, "replace", path, text);
		}
	}
	if (!plan->as_sidecar && needs_spool(plan) &&
	    !has_mount(agent, CONTRACT_SPOOL_VOLUME, CONTRACT_SPOOL_DIR)) {
		struct json_object *mounts = tree_new_list(&ops->build);

		tree_push(&ops->build, mounts,
		          ours_mount(CONTRACT_SPOOL_VOLUME, CONTRACT_SPOOL_DIR, NULL, true,
		                     &ops->build));
		ops_append(ops, agent, pointer, pointer, "volumeMounts", mounts);
	}
}

static void edit_agent(const struct plan *plan, struct ops *ops)
{
	if (plan->agent >= 0 || plan->sidecar_agent >= 0)
		refresh_agent(plan, ops);
	else if (!plan->as_sidecar)
		ops_put(ops, "add", "/spec/containers/-",
		        ours_agent(plan, needs_spool(plan), &ops->build));
}

static void edit_volumes(const struct plan *plan, struct ops *ops)
{
	struct tree_build *build = &ops->build;
	struct json_object *volumes = tree_new_list(build);

	if (!plan->volume)
		tree_push(build, volumes, ours_volume(CONTRACT_VOLUME, VOLUME_SIZE, build));
	if (!plan->no_token_volume)
		tree_push(build, volumes, ours_volume(CONTRACT_NO_TOKEN_VOLUME, NULL, build));
	if (!plan->spool_volume && needs_spool(plan)) {
		char size[32];

		snprintf(size, sizeof(size), "%zuMi", spool_mib(plan));
		tree_push(build, volumes, ours_volume(CONTRACT_SPOOL_VOLUME, size, build));
	}
	ops_append(ops, plan->spec, "/spec", "/spec", "volumes", volumes);
}

static void edit_label(const struct plan *plan, struct ops *ops)
{
	const char *label = tree_string(tree_get(plan->metadata, "labels"), LABEL_INJECTED);

	if (label && strcmp(label, "true") == 0)
		return;
	ops_parent(ops, plan->pod, "", "metadata", json_type_object);
	ops_parent(ops, plan->metadata, "/metadata", "labels", json_type_object);
	ops_put(ops, "add", POINTER_INJECTED, tree_new_string(&ops->build, "true"));
}

void edit_pod(const struct plan *plan, struct ops *ops)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->containers[i].covered)
			edit_container(plan, ops, &plan->containers[i]);
	edit_init(plan, ops);
	edit_agent(plan, ops);
	edit_volumes(plan, ops);
	edit_label(plan, ops);
}
