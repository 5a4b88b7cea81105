#include "webhook/ecs/choose.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/contract.h"
#include "webhook/mutate/tree.h"
#include "webhook/mutate/words.h"
#include "webhook/mutate/wrap.h"

#define GLOB_MAX 256

__attribute__((format(printf, 3, 4))) static enum reason
leave(struct task *task, enum reason reason, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(task->detail, sizeof(task->detail), fmt, args);
	va_end(args);
	return reason;
}

static bool is(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

/* Whether the list has the string `word`. */
static bool has_word(struct json_object *list, const char *word)
{
	for (size_t i = 0; i < tree_count(list); i++)
		if (tree_item_is(list, i, word))
			return true;
	return false;
}

static enum reason surroundings(struct task *task)
{
	struct json_object *platform = tree_get(task->spec, "runtimePlatform");
	const char *os = tree_string(platform, "operatingSystemFamily");
	const char *network = tree_string(task->spec, "networkMode");

	if (os && strncmp(os, "WINDOWS", strlen("WINDOWS")) == 0)
		return leave(task, REASON_WINDOWS, "operatingSystemFamily is %.40s", os);
	if (is(network, "host"))
		return leave(task, REASON_HOST_NETWORK, "networkMode is %s", network);
	if (is(tree_string(task->spec, "pidMode"), "host"))
		return leave(task, REASON_HOST_PID, "pidMode is %s", "host");
	return REASON_INJECTED;
}

static void choose_pid1(struct task *task)
{
	const char *word = task_tag(task, ANNOTATION_PID1);

	task->pid1 = task->policy->pid1;
	if (!word || wrap_pid1(word, &task->pid1))
		return;
	task->unknown_key = ANNOTATION_PID1;
	task->unknown = word;
}

static enum reason opted(struct task *task, const char *inject)
{
	const char *mine = task_tag(task, ANNOTATION_INJECT);

	choose_pid1(task);
	if (mine && !is(mine, "enabled") && !is(mine, "disabled")) {
		task->unknown_key = ANNOTATION_INJECT;
		task->unknown = mine;
		mine = NULL;
	}
	if (is(mine, "disabled") && !task->policy->inject.allow_pod_opt_out)
		mine = NULL;
	if (!mine)
		mine = inject && (is(inject, "enabled") || is(inject, "disabled")) ? inject : NULL;
	if (is(mine, "disabled"))
		return leave(task, REASON_OPTED_OUT, "%s=disabled is set", ANNOTATION_INJECT);
	if (mine || task->policy->inject.default_enabled)
		return REASON_INJECTED;
	return leave(task, REASON_NOT_OPTED_IN, "no tag %s=enabled", ANNOTATION_INJECT);
}

/* What Fargate demands: our programs reach each other in the network namespace that awsvpc has the
 * containers share. */
static enum reason platform(struct task *task)
{
	const char *network = tree_string(task->spec, "networkMode");
	const char *cpu = tree_string(tree_get(task->spec, "runtimePlatform"), "cpuArchitecture");

	if (!is(network, "awsvpc"))
		return leave(task, REASON_NOT_FARGATE, "networkMode is %.40s, not awsvpc",
		             network ? network : "not set");
	if (task->policy->inject.fargate_only &&
	    !has_word(tree_list(task->spec, "requiresCompatibilities"), "FARGATE"))
		return leave(task, REASON_NOT_FARGATE, "%s does not say FARGATE",
		             "requiresCompatibilities");
	if (cpu && !is(cpu, "X86_64"))
		return leave(task, REASON_NO_CONTAINER_SELECTED,
		             "cpuArchitecture is %.40s, and Farguard is for X86_64", cpu);
	return REASON_INJECTED;
}

/* What of ours a container of a task that is not injected uses itself, or NULL. */
static const char *taken_in(const struct task_container *c)
{
	struct json_object *mounts = tree_list(c->spec, "mountPoints");
	struct json_object *env = tree_list(c->spec, "environment");
	struct json_object *depends = tree_list(c->spec, "dependsOn");
	size_t len = strlen(CONTRACT_DIR);

	for (size_t i = 0; i < tree_count(mounts); i++) {
		const char *path = tree_string(tree_at(mounts, i), "containerPath");

		if (is(tree_string(tree_at(mounts, i), "sourceVolume"), CONTRACT_VOLUME) ||
		    (path && strncmp(path, CONTRACT_DIR, len) == 0 &&
		     (!path[len] || path[len] == '/')))
			return "mounts a volume in " CONTRACT_DIR;
	}
	for (size_t i = 0; i < tree_count(env); i++) {
		const char *name = tree_string(tree_at(env, i), "name");
		const char *value = tree_string(tree_at(env, i), "value");

		if (is(name, CONTRACT_ENV_CONTAINER) || is(name, CONTRACT_ENV_PID1) ||
		    is(name, CONTRACT_ENV_BARE))
			return "sets a variable of Farguard";
		if (is(name, "LD_PRELOAD") && value && strstr(value, CONTRACT_LIBRARY))
			return "preloads " CONTRACT_LIBRARY;
	}
	if (tree_find(tree_list(c->spec, "secrets"), "name", CONTRACT_ENV_CONTAINER) >= 0)
		return "sets a variable of Farguard";
	if (tree_find(depends, "containerName", CONTRACT_INSTALL_CONTAINER) >= 0)
		return "depends on " CONTRACT_INSTALL_CONTAINER;
	return c->wrapped ? "runs " CONTRACT_PROGRAM : NULL;
}

static enum reason names(struct task *task)
{
	struct json_object *volumes = tree_list(task->spec, "volumes");
	long at = tree_find(volumes, "name", CONTRACT_VOLUME);
	struct json_object *volume = at >= 0 ? tree_at(volumes, (size_t)at) : NULL;

	/* In a repair it is ours, if it is a plain one. */
	if (volume && (!task_is_repair(task) || json_object_object_length(volume) > 2 ||
	               tree_get(tree_get(volume, "host"), "sourcePath")))
		return leave(task, REASON_NAME_COLLISION, "volume \"%s\" is the task's own",
		             CONTRACT_VOLUME);
	for (size_t i = 0; i < task->count && !task_is_repair(task); i++) {
		const char *taken = taken_in(&task->containers[i]);

		if (!taken)
			continue;
		return leave(task, REASON_NAME_COLLISION, "container \"%.60s\" %s itself",
		             task->containers[i].name, taken);
	}
	if (task->count + 2 > ECS_CONTAINERS_MAX)
		return leave(task, REASON_TOO_LARGE,
		             "ECS takes %d containers, and two are needed for ours",
		             ECS_CONTAINERS_MAX);
	return REASON_INJECTED;
}

/* Whether `name` fits one of the globs in `list`, or, `literally`, is one.  Values of tags may have
 * no comma, so blanks separate too. */
static bool listed(const char *list, const char *name, bool literally)
{
	size_t len;

	for (; *list; list += len) {
		char glob[GLOB_MAX];

		list += strspn(list, ", ");
		len = strcspn(list, ", ");
		if (len == 0 || len >= sizeof(glob))
			continue;
		memcpy(glob, list, len);
		glob[len] = '\0';
		if (literally ? strcmp(glob, name) == 0 : fnmatch(glob, name, 0) == 0)
			return true;
	}
	return false;
}

/* A log router or a mesh's proxy, which ECS itself knows, or one of the configuration's list. */
static bool is_known(const struct task *task, const struct task_container *c)
{
	const struct policy_list *globs = &task->policy->inject.exclude_containers;
	const char *proxy =
	        tree_string(tree_get(task->spec, "proxyConfiguration"), "containerName");

	if (tree_get(c->spec, "firelensConfiguration") || is(proxy, c->name))
		return true;
	for (size_t i = 0; i < globs->count; i++)
		if (fnmatch(globs->items[i], c->name, 0) == 0)
			return true;
	return false;
}

static const char *why_not_selected(const struct task *task, const struct task_container *c)
{
	const char *only = task_tag(task, ANNOTATION_ONLY),
	           *but = task_tag(task, ANNOTATION_EXCEPT);

	if (but && listed(but, c->name, false))
		return "excluded";
	if (only && !listed(only, c->name, false))
		return "not-selected";
	if (is_known(task, c) && !(only && listed(only, c->name, true)))
		return "known-injector";
	return NULL;
}

bool choose_adds_preload(const struct task *task, const struct task_container *c)
{
	/* A file of variables or a secret may set it: ours would hide that. */
	return task->policy->inject.preload_env == POLICY_PRELOAD_ALWAYS &&
	       tree_find(tree_list(c->spec, "environment"), "name", "LD_PRELOAD") < 0 &&
	       tree_find(tree_list(c->spec, "secrets"), "name", "LD_PRELOAD") < 0 &&
	       tree_count(tree_list(c->spec, "environmentFiles")) == 0;
}

/* Whether a variable will have the first program wrap itself. */
static bool by_variable(const struct task *task, const struct task_container *c)
{
	struct json_object *env = tree_list(c->spec, "environment");
	long at = tree_find(env, "name", "LD_PRELOAD");

	if (task->policy->inject.preload_env == POLICY_PRELOAD_NEVER)
		return false;
	return choose_adds_preload(task, c) || (at >= 0 && task_preload(tree_at(env, (size_t)at)));
}

static void choose(struct task *task, struct task_container *c)
{
	c->reason = why_not_selected(task, c);
	if (c->reason)
		return;
	c->selected = true;
	if (c->has_entry) {
		c->how = "command";
	} else if (tree_true(tree_get(c->spec, "linuxParameters"), "initProcessEnabled")) {
		/* The first process is docker-init, which is static; what it starts has a parent in
		 * the container and does not wrap itself. */
		c->reason = "static-entrypoint";
	} else if (by_variable(task, c)) {
		c->how = "preload-env";
	} else {
		c->reason = "musl-without-lookup";
	}
	c->covered = c->how != NULL;
}

static enum reason containers(struct task *task)
{
	bool is_near = false, any = false;

	for (size_t i = 0; i < task->count; i++) {
		choose(task, &task->containers[i]);
		any |= task->containers[i].covered;
		is_near |= task->containers[i].selected;
	}
	if (any)
		return REASON_INJECTED;
	return leave(task, REASON_NO_CONTAINER_SELECTED, "%s",
	             is_near ? "no container has an entryPoint: write the image's, or set "
	                       "inject.preloadEnv: always"
	                     : "every container is left out by a tag, by inject.excludeContainers "
	                       "or as a log router or proxy");
}

enum reason choose_make(struct task *task, const char *inject)
{
	enum reason reason = surroundings(task);

	if (reason == REASON_INJECTED)
		reason = opted(task, inject);
	if (reason == REASON_INJECTED)
		reason = platform(task);
	if (reason == REASON_INJECTED)
		reason = names(task);
	return reason == REASON_INJECTED ? containers(task) : reason;
}
