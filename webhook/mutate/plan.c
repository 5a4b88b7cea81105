/* plan.c - from the pod to a decision: whether, and which containers. */
#include "webhook/mutate/plan.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/contract.h"
#include "injector/base/str.h"
#include "webhook/mutate/ours.h"
#include "webhook/mutate/resources.h"
#include "webhook/mutate/select.h"
#include "webhook/mutate/shape.h"
#include "webhook/mutate/tree.h"
#include "webhook/mutate/words.h"
#include "webhook/mutate/wrap.h"

void plan_init(struct plan *plan, const struct policy *policy, const struct mutate_context *context,
               struct json_object *pod)
{
	memset(plan, 0, offsetof(struct plan, containers));
	plan->policy = policy;
	plan->context = context;
	plan->pod = pod;
	plan->install = plan->agent = plan->sidecar_agent = -1;
}

void plan_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		mutate_image_done(&plan->containers[i].image);
}

void plan_warn(struct plan *plan, const char *word)
{
	size_t i;

	for (i = 0; i < plan->warning_count; i++)
		if (strcmp(plan->warnings[i], word) == 0)
			return;
	if (plan->warning_count < PLAN_WARNINGS_MAX)
		plan->warnings[plan->warning_count++] = word;
}

bool plan_is_install(struct json_object *container)
{
	struct json_object *command = tree_list(container, "command");

	return tree_item_is(command, 0, CONTRACT_IMAGE_PROGRAM) &&
	       tree_item_is(command, 1, "install") && tree_item_is(command, 2, CONTRACT_DIR);
}

bool plan_is_agent(struct json_object *container)
{
	struct json_object *command = tree_list(container, "command");

	return tree_item_is(command, 0, CONTRACT_IMAGE_PROGRAM) &&
	       tree_item_is(command, 1, "run") && tree_item_is(command, 2, "--restart") &&
	       tree_item_is(command, 4, CONTRACT_IMAGE_AGENT);
}

bool plan_is_wrapped(struct json_object *container)
{
	return wrap_count(tree_list(container, "command")) > 0;
}

bool plan_matches(const struct policy_list *globs, const char *name)
{
	size_t i;

	for (i = 0; i < globs->count; i++)
		if (fnmatch(globs->items[i], name, 0) == 0)
			return true;
	return false;
}

const char *plan_word(const struct plan *plan, const char *key)
{
	const char *value = tree_string(tree_get(plan->metadata, "annotations"), key);

	return value ? value : tree_string(tree_get(plan->metadata, "labels"), key);
}

static bool one_of(const char *value, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(value, *words) == 0)
			return true;
	return false;
}

/* A word of the pod, or NULL with a warning when it is none of `words`. */
static const char *known_word(struct plan *plan, const char *key, const char *const *words)
{
	const char *value = plan_word(plan, key);

	if (!value || one_of(value, words))
		return value;
	plan_warn(plan, "unknown-annotation-value");
	snprintf(plan->unknown, sizeof(plan->unknown), "%s=%.60s", key, value);
	return NULL;
}

/* What the namespace says of `key`, or NULL with a warning when it is none of `words`. */
static const char *namespace_word(struct plan *plan, const char *key, const char *value,
                                  const char *const *words)
{
	if (!value || !*value)
		return NULL;
	if (one_of(value, words))
		return value;
	plan_warn(plan, "unknown-annotation-value");
	snprintf(plan->unknown, sizeof(plan->unknown), "%s=%.60s of the namespace", key, value);
	return NULL;
}

/* The pod's word, the namespace's, the configuration's. */
static void choose_pid1(struct plan *plan)
{
	static const char *const words[] = {"auto", "farguard", "program", NULL};
	const char *theirs =
	        namespace_word(plan, ANNOTATION_PID1, plan->context->namespace_pid1, words);
	const char *mine = known_word(plan, ANNOTATION_PID1, words);

	plan->pid1 = plan->policy->pid1;
	if (mine || theirs)
		(void)wrap_pid1(mine ? mine : theirs, &plan->pid1);
}

static enum reason opted(struct plan *plan)
{
	static const char *const inject[] = {"enabled", "disabled", NULL};
	static const char *const sensors[] = {"auto", "notify", "ptrace", "preload", "watch", NULL};
	static const char *const modes[] = {"detect", "enforce", NULL};
	const char *mine = known_word(plan, ANNOTATION_INJECT, inject);
	const char *theirs =
	        namespace_word(plan, ANNOTATION_INJECT, plan->context->namespace_inject, inject);

	(void)known_word(plan, ANNOTATION_SENSOR, sensors);
	(void)known_word(plan, ANNOTATION_MODE, modes);
	choose_pid1(plan);
	if (mine && strcmp(mine, "disabled") == 0 && !plan->policy->inject.allow_pod_opt_out)
		mine = NULL;
	if (!mine)
		mine = theirs;
	if (!mine)
		return plan->policy->inject.default_enabled ? REASON_INJECTED : REASON_NOT_OPTED_IN;
	return strcmp(mine, "enabled") == 0 ? REASON_INJECTED : REASON_OPTED_OUT;
}

static enum reason surroundings(struct plan *plan)
{
	const char *os = tree_string(tree_get(plan->spec, "os"), "name");
	const char *node_os = tree_string(tree_get(plan->spec, "nodeSelector"), LABEL_OS);

	if ((os && strcmp(os, "windows") == 0) || (node_os && strcmp(node_os, "windows") == 0))
		return REASON_WINDOWS;
	if (tree_true(plan->spec, "hostNetwork"))
		return REASON_HOST_NETWORK;
	if (tree_true(plan->spec, "hostPID"))
		return REASON_HOST_PID;
	return REASON_INJECTED;
}

bool plan_is_fargate(const struct plan *plan)
{
	const char *scheduler = tree_string(plan->spec, "schedulerName");

	return tree_get(tree_get(plan->metadata, "labels"), LABEL_FARGATE) ||
	       (scheduler && strcmp(scheduler, SCHEDULER_FARGATE) == 0);
}

/* Where a container has a volume of its own over the place of ld.so.preload. */
static bool mounts_etc(struct json_object *container)
{
	struct json_object *mounts = tree_list(container, "volumeMounts");
	size_t i;

	for (i = 0; i < tree_count(mounts); i++) {
		struct json_object *mount = tree_at(mounts, i);
		const char *path = tree_string(mount, "mountPath");
		const char *volume = tree_string(mount, "name");
		size_t len = strlen(path);

		while (len > 1 && path[len - 1] == '/')
			len--;
		if (volume && strcmp(volume, CONTRACT_VOLUME) == 0)
			continue;
		if ((len == 4 && strncmp(path, "/etc", 4) == 0) || (len == 1 && path[0] == '/') ||
		    (len == strlen(CONTRACT_PRELOAD) && strncmp(path, CONTRACT_PRELOAD, len) == 0))
			return true;
	}
	return false;
}

static bool add_container(struct plan *plan, struct json_object *spec, bool init, size_t index)
{
	const char *restart = tree_string(spec, "restartPolicy");
	struct plan_container *c;

	if (plan->count == PLAN_CONTAINERS_MAX)
		return false;
	c = &plan->containers[plan->count++];
	*c = (struct plan_container){.spec = spec,
	                             .name = tree_string(spec, "name"),
	                             .init = init,
	                             .index = index,
	                             .sidecar = init && restart && strcmp(restart, "Always") == 0,
	                             .has_command = tree_count(tree_list(spec, "command")) > 0,
	                             .wrapped = plan_is_wrapped(spec),
	                             .etc_mounted = mounts_etc(spec)};
	return true;
}

/* Sort the containers into ours and the pod's. */
static enum reason sort_containers(struct plan *plan, const char *list_name, bool init)
{
	struct json_object *list = tree_list(plan->spec, list_name);
	size_t i;

	for (i = 0; i < tree_count(list); i++) {
		struct json_object *spec = tree_at(list, i);
		const char *name = tree_string(spec, "name");

		if (init && strcmp(name, CONTRACT_INSTALL_CONTAINER) == 0 &&
		    plan_is_install(spec)) {
			plan->install = (long)i;
		} else if (strcmp(name, CONTRACT_AGENT_CONTAINER) == 0 && plan_is_agent(spec)) {
			*(init ? &plan->sidecar_agent : &plan->agent) = (long)i;
		} else if (strcmp(name, CONTRACT_INSTALL_CONTAINER) == 0 ||
		           strcmp(name, CONTRACT_AGENT_CONTAINER) == 0) {
			snprintf(plan->detail, sizeof(plan->detail),
			         "container \"%s\" is the pod's own", name);
			return REASON_NAME_COLLISION;
		} else if (!add_container(plan, spec, init, i)) {
			snprintf(plan->detail, sizeof(plan->detail), "more than %d containers",
			         PLAN_CONTAINERS_MAX);
			return REASON_TOO_LARGE;
		}
	}
	return REASON_INJECTED;
}

/* Two containers of one name: no API server takes such a pod. */
static bool names_repeat(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(plan->containers[i].name, plan->containers[j].name) != 0)
				continue;
			snprintf(plan->detail, sizeof(plan->detail),
			         "two containers are named \"%.60s\"", plan->containers[i].name);
			return true;
		}
	}
	return false;
}

/* Names of volumes that only we may use; in a repair they are ours. */
static bool volumes_free(struct plan *plan)
{
	static const char *const volumes[] = {CONTRACT_VOLUME, CONTRACT_NO_TOKEN_VOLUME,
	                                      CONTRACT_SPOOL_VOLUME};
	struct json_object *list = tree_list(plan->spec, "volumes");
	bool *const present[] = {&plan->volume, &plan->no_token_volume, &plan->spool_volume};

	for (size_t i = 0; i < sizeof(volumes) / sizeof(*volumes); i++) {
		long at = tree_find(list, "name", volumes[i]);

		*present[i] = at >= 0;
		if (at >= 0 && (!plan_is_repair(plan) ||
		                !tree_object(tree_at(list, (size_t)at), "emptyDir"))) {
			snprintf(plan->detail, sizeof(plan->detail),
			         "volume \"%s\" is the pod's own", volumes[i]);
			return false;
		}
	}
	return true;
}

/* Whether `path` is one of our directories or below it. */
static bool is_our_path(const char *path)
{
	static const char *const dirs[] = {CONTRACT_DIR, CONTRACT_SPOOL_DIR};

	while (path[0] == '/' && path[1] == '/')
		path++;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		size_t len = strlen(dirs[i]);

		if (strncmp(path, dirs[i], len) == 0 && (path[len] == '/' || !path[len]))
			return true;
	}
	return false;
}

/* What of ours a container of a pod that is not injected uses itself, or NULL. */
static const char *taken_in(const struct plan_container *c)
{
	struct json_object *mounts = tree_list(c->spec, "volumeMounts");
	struct json_object *env = tree_list(c->spec, "env");

	for (size_t i = 0; i < tree_count(mounts); i++) {
		if (is_our_path(tree_string(tree_at(mounts, i), "mountPath")))
			return "mounts a volume in " CONTRACT_DIR;
		/* One that the pod has is told of before; without one the mount would be ours. */
		if (ours_is_volume(tree_string(tree_at(mounts, i), "name")))
			return "mounts a volume that the pod lacks and Farguard has";
	}
	for (size_t i = 0; i < tree_count(env); i++) {
		const char *name = tree_string(tree_at(env, i), "name");
		const char *value = tree_string(tree_at(env, i), "value");

		if (strcmp(name, CONTRACT_ENV_CONTAINER) == 0 ||
		    strcmp(name, CONTRACT_ENV_PID1) == 0 || strcmp(name, CONTRACT_ENV_BARE) == 0)
			return "sets a variable of Farguard";
		if (strcmp(name, "LD_PRELOAD") == 0 && value && strstr(value, CONTRACT_LIBRARY))
			return "preloads " CONTRACT_LIBRARY;
	}
	return c->wrapped ? "runs " CONTRACT_PROGRAM : NULL;
}

/* Names inside the pod that only we may use. */
static bool names_free(struct plan *plan)
{
	if (!volumes_free(plan))
		return false;
	for (size_t i = 0; i < plan->count && !plan_is_repair(plan); i++) {
		const char *taken = taken_in(&plan->containers[i]);

		if (!taken)
			continue;
		snprintf(plan->detail, sizeof(plan->detail), "container \"%.60s\" %s itself",
		         plan->containers[i].name, taken);
		return false;
	}
	return true;
}

enum policy_pid1 plan_pid1(const struct plan *plan, const struct plan_container *c)
{
	bool is_short = c->init && !c->sidecar;

	return is_short && plan->pid1 == POLICY_PID1_PROGRAM ? POLICY_PID1_AUTO : plan->pid1;
}

/* Whether the launcher, which is not PID 1 then, dies with the program and tells no status. */
static bool is_status_lost(const struct plan *plan, const struct plan_container *c)
{
	return c->wrapped ? wrap_is_program(tree_list(c->spec, "command"))
	                  : plan_pid1(plan, c) == POLICY_PID1_PROGRAM;
}

/* Whether an agent beside it learns that the container has ended for good. */
static bool is_end_seen(const struct plan *plan, const struct plan_container *c)
{
	return c->covered && (strcmp(c->how, "command") == 0 || strcmp(c->how, "lookup") == 0) &&
	       (strcmp(plan->restart_policy, "Never") == 0 || !is_status_lost(plan, c));
}

/* Where the agent goes, and whether a pod that is to end can be seen to end. */
static enum reason place_agent(struct plan *plan)
{
	enum policy_placement placement = plan->policy->agent.placement;
	bool ends;
	size_t i;

	plan->restart_policy = tree_string(plan->spec, "restartPolicy");
	ends = plan->restart_policy && (strcmp(plan->restart_policy, "Never") == 0 ||
	                                strcmp(plan->restart_policy, "OnFailure") == 0);
	if (!ends)
		plan->restart_policy = "Always";
	plan->as_sidecar =
	        plan->context->native_sidecars && (placement == POLICY_PLACEMENT_SIDECAR ||
	                                           (placement == POLICY_PLACEMENT_AUTO && ends));
	if (plan->agent >= 0 || plan->sidecar_agent >= 0)
		plan->as_sidecar = plan->sidecar_agent >= 0;
	if (!ends || plan->as_sidecar)
		return REASON_INJECTED;
	for (i = 0; i < plan->count; i++) {
		const struct plan_container *c = &plan->containers[i];

		if (c->init || !c->selected || is_end_seen(plan, c))
			continue;
		snprintf(plan->detail, sizeof(plan->detail),
		         "the end of container \"%.60s\" cannot be seen, and the cluster has no "
		         "native sidecars",
		         c->name);
		return REASON_JOB_UNCOVERABLE;
	}
	return REASON_INJECTED;
}

static enum reason choose_containers(struct plan *plan)
{
	enum reason reason = sort_containers(plan, "initContainers", true);
	size_t covered = 0, i;

	if (reason == REASON_INJECTED)
		reason = sort_containers(plan, "containers", false);
	if (reason != REASON_INJECTED)
		return reason;
	if (names_repeat(plan))
		return REASON_MALFORMED;
	if (!names_free(plan))
		return REASON_NAME_COLLISION;
	if (plan->context->circuit_open && !plan_is_repair(plan))
		return REASON_CIRCUIT_OPEN;
	for (i = 0; i < plan->count; i++) {
		select_container(plan, &plan->containers[i]);
		covered += plan->containers[i].covered;
	}
	if (covered == 0) {
		snprintf(plan->detail, sizeof(plan->detail),
		         "none of %zu containers is selected and can be covered", plan->count);
		return REASON_NO_CONTAINER_SELECTED;
	}
	reason = place_agent(plan);
	return reason == REASON_INJECTED ? resources_choose(plan) : reason;
}

static bool is_own(const struct plan *plan)
{
	const char *name = tree_string(tree_get(plan->metadata, "labels"), LABEL_NAME);

	return name && strcmp(name, OUR_NAME) == 0;
}

/* Farguard's own namespace is left alone, but for the pod that the webhook asks about itself with:
 * dry-run, never started, and nowhere else may the webhook's account make one. */
static bool is_excluded(const struct plan *plan)
{
	const char *own =
	        plan->context->own_namespace ? plan->context->own_namespace : OUR_NAMESPACE;
	const char *probe =
	        tree_string(tree_get(tree_get(plan->pod, "metadata"), "labels"), LABEL_SELFPROBE);

	if (strcmp(plan->context->namespace, own) == 0)
		return !probe || strcmp(probe, "true") != 0;
	return plan_matches(&plan->policy->inject.exclude_namespaces, plan->context->namespace);
}

enum reason plan_make(struct plan *plan)
{
	enum reason reason, choice;

	if (is_excluded(plan))
		return REASON_NAMESPACE_EXCLUDED;
	if (!shape_check(plan->pod, plan->detail, sizeof(plan->detail)))
		return REASON_MALFORMED;
	plan->metadata = tree_get(plan->pod, "metadata");
	plan->spec = tree_get(plan->pod, "spec");
	if (is_own(plan))
		return REASON_OWN_POD;
	if (tree_get(tree_get(plan->metadata, "annotations"), ANNOTATION_MIRROR))
		return REASON_MIRROR_POD;
	choice = opted(plan);
	plan->is_wanted = choice == REASON_INJECTED;
	reason = surroundings(plan);
	if (reason != REASON_INJECTED)
		return reason;
	if (choice != REASON_INJECTED)
		return choice;
	if (plan->policy->inject.fargate_only && !plan_is_fargate(plan))
		return REASON_NOT_FARGATE;
	return choose_containers(plan);
}
