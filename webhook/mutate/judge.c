#include "webhook/mutate/judge.h"

#include <stdio.h>
#include <string.h>

#include "injector/base/contract.h"
#include "injector/base/own.h"
#include "webhook/mutate/tree.h"

/* `part` is what of the volume is mounted, NULL for all of it. */
static bool has_mount(struct json_object *container, const char *path, const char *part)
{
	struct json_object *mounts = tree_list(container, "volumeMounts");

	for (size_t i = 0; i < tree_count(mounts); i++) {
		const char *name = tree_string(tree_at(mounts, i), "name");
		const char *at = tree_string(tree_at(mounts, i), "mountPath");
		const char *of = tree_string(tree_at(mounts, i), "subPath");

		if (name && at && strcmp(name, CONTRACT_VOLUME) == 0 && strcmp(at, path) == 0)
			return part ? of && strcmp(of, part) == 0 : !of || !*of;
	}
	return false;
}

/* Whether the library is in a literal LD_PRELOAD. */
static bool preloads(struct json_object *container)
{
	struct json_object *env = tree_list(container, "env");
	long at = tree_find(env, "name", "LD_PRELOAD");
	const char *value = at >= 0 ? tree_string(tree_at(env, (size_t)at), "value") : NULL;

	return value && strstr(value, CONTRACT_LIBRARY);
}

/* What the pod needs as a whole. */
static bool is_whole(const struct plan *plan)
{
	return plan->install >= 0 && (plan->agent >= 0 || plan->sidecar_agent >= 0) &&
	       plan->volume && plan->no_token_volume;
}

/* As the plan would cover it, or in another of our ways: the configuration may have changed. */
static bool is_guarded(const struct plan_container *c)
{
	bool is_preloaded =
	        has_mount(c->spec, CONTRACT_PRELOAD, CONTRACT_PRELOAD_KEY) || preloads(c->spec);

	return has_mount(c->spec, CONTRACT_DIR, NULL) &&
	       (c->wrapped || (!c->has_command && is_preloaded));
}

static bool is_chosen(const struct plan_container *c)
{
	return c->reason &&
	       (strcmp(c->reason, "excluded") == 0 || strcmp(c->reason, "not-selected") == 0 ||
	        strcmp(c->reason, "known-injector") == 0);
}

static void judge_containers(const struct plan *plan, struct judge *out)
{
	bool is_ours = plan_is_repair(plan);

	if (out->reason == REASON_INJECTED && is_ours)
		out->reason = REASON_ALREADY_INJECTED;
	out->count = plan->count;
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_container *c = &plan->containers[i];
		struct judge_container *one = &out->containers[i];

		*one = (struct judge_container){.name = c->name, .is_chosen = is_chosen(c)};
		if (!c->covered) {
			one->reason = c->reason;
		} else if (!is_ours) {
			one->reason = JUDGE_STARTED_BEFORE;
		} else {
			one->is_guarded = is_whole(plan) && is_guarded(c);
			one->reason = one->is_guarded ? NULL : JUDGE_INCOMPLETE;
		}
	}
}

/* The owner that `kubectl` users think of: a Deployment, not its ReplicaSet. */
static void name_workload(struct json_object *metadata, char out[JUDGE_WORKLOAD_MAX])
{
	struct json_object *owners = tree_list(metadata, "ownerReferences"), *owner = NULL;
	const char *hash = tree_string(tree_get(metadata, "labels"), "pod-template-hash");
	const char *name = tree_string(metadata, "name"), *kind = "Pod";
	size_t name_len, hash_len = hash ? strlen(hash) : 0;

	for (size_t i = 0; i < tree_count(owners) && !owner; i++)
		if (tree_true(tree_at(owners, i), "controller"))
			owner = tree_at(owners, i);
	if (tree_string(owner, "kind") && tree_string(owner, "name")) {
		kind = tree_string(owner, "kind");
		name = tree_string(owner, "name");
	}
	name_len = name ? strlen(name) : 0;
	if (strcmp(kind, "ReplicaSet") == 0 && hash_len && name_len > hash_len + 1 &&
	    name[name_len - hash_len - 1] == '-' && strcmp(name + name_len - hash_len, hash) == 0) {
		kind = "Deployment";
		name_len -= hash_len + 1;
	}
	snprintf(out, JUDGE_WORKLOAD_MAX, "%.60s/%.*s", kind,
	         (int)(name_len < 254 ? name_len : 254), name ? name : "");
}

void judge_pod(const struct policy *policy, const struct mutate_context *context,
               struct json_object *pod, struct judge *out)
{
	CLEANUP(plan_done) struct plan plan;

	plan_init(&plan, policy, context, pod);
	out->reason = plan_make(&plan);
	out->is_wanted = plan.is_wanted;
	out->count = 0;
	snprintf(out->detail, sizeof(out->detail), "%s", plan.detail);
	name_workload(tree_object(pod, "metadata"), out->workload);
	if (out->reason == REASON_INJECTED || out->reason == REASON_NO_CONTAINER_SELECTED)
		judge_containers(&plan, out);
}
