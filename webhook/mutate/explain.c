#include "webhook/mutate/explain.h"

#include <string.h>

#include "injector/base/contract.h"
#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/mutate/shape.h"
#include "webhook/mutate/tree.h"
#include "webhook/mutate/wrap.h"

/* A copy of `pod` behind `patch`, or NULL. */
static struct json_object *patched(struct json_object *pod, struct json_object *patch)
{
	CLEANUP(tree_putp) struct json_object *copy = NULL;
	struct err err = {0};

	if (!patch || json_object_deep_copy(pod, &copy, NULL) < 0 ||
	    mutate_apply(copy, patch, &err) < 0)
		return NULL;
	return TAKE(copy);
}

static struct json_object *undone(struct json_object *pod)
{
	CLEANUP(tree_putp) struct json_object *patch = mutate_undo(pod);

	return patched(pod, patch);
}

static bool is_in(struct json_object *pod, const char *list, const char *name)
{
	return tree_find(tree_list(tree_get(pod, "spec"), list), "name", name) >= 0;
}

static const struct plan_container *planned(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->containers[i].name, name) == 0)
			return &plan->containers[i];
	return NULL;
}

/* What the guarded container says of PID 1, or NULL. */
static const char *pid1_of(struct json_object *spec)
{
	struct json_object *command = tree_list(spec, "command"), *env = tree_list(spec, "env");
	long at = tree_find(env, "name", CONTRACT_ENV_PID1);

	if (wrap_count(command) == 0)
		return at < 0 ? NULL : tree_string(tree_at(env, (size_t)at), "value");
	return wrap_is_program(command)                ? wrap_pid1_word(POLICY_PID1_PROGRAM)
	       : wrap_count(command) == WRAP_WORDS_MAX ? wrap_pid1_word(POLICY_PID1_FARGUARD)
	                                               : NULL;
}

static void add_containers(struct explain *out, const struct plan *plan, const char *list_name)
{
	struct json_object *list = tree_list(tree_get(out->pod_after, "spec"), list_name);
	bool init = strcmp(list_name, "initContainers") == 0;

	for (size_t i = 0; i < tree_count(list) && out->count < EXPLAIN_CONTAINERS_MAX; i++) {
		struct json_object *spec = tree_at(list, i);
		const char *name = tree_string(spec, "name");
		const char *restart = tree_string(spec, "restartPolicy");
		const struct plan_container *p = planned(plan, name);
		struct explain_container *c = &out->containers[out->count++];

		*c = (struct explain_container){
		        .name = name,
		        .init = init,
		        .sidecar = init && restart && strcmp(restart, "Always") == 0,
		        .ours = plan_is_install(spec) || plan_is_agent(spec),
		        .is_new = !is_in(plan->pod, list_name, name),
		        .requests = fargate_requests_of(spec),
		};
		if (c->ours)
			continue;
		c->covered = out->guarded && p && p->covered;
		if (c->covered)
			c->how = p->how, c->pid1 = pid1_of(spec);
		else
			c->reason = p && p->reason ? p->reason : reason_name(out->result.reason);
	}
}

static struct explain_size size_of(const struct policy *policy, struct json_object *pod)
{
	struct json_object *spec = tree_get(pod, "spec");
	struct fargate_size size = fargate_size_of(spec);

	return (struct explain_size){.sums = fargate_sums_of(spec),
	                             .size = size,
	                             .month = fargate_month(size, policy->fargate.price_vcpu_hour,
	                                                    policy->fargate.price_gb_hour)};
}

/* A pod that is injected already is warned of what injecting it would warn of. */
static void take_warnings(const struct policy *policy, const struct mutate_context *context,
                          struct explain *out)
{
	CLEANUP(mutate_result_done) struct mutate_result again = {0};

	mutate_pod(policy, context, out->pod_before, &again);
	if (again.reason != REASON_INJECTED)
		return;
	json_object_put(out->result.warnings);
	out->result.warnings = TAKE(again.warnings);
}

static void no_memory(struct explain *out)
{
	out->result.reason = REASON_INTERNAL_ERROR;
	out->guarded = out->has_spec = false;
}

void explain_pod(const struct policy *policy, const struct mutate_context *context,
                 struct json_object *pod, struct explain *out)
{
	CLEANUP(plan_done) struct plan plan;
	enum reason reason;

	memset(out, 0, sizeof(*out));
	plan_init(&plan, policy, context, pod);
	mutate_pod(policy, context, pod, &out->result);
	reason = out->result.reason;
	out->guarded = reason == REASON_INJECTED || reason == REASON_REPAIRED ||
	               reason == REASON_ALREADY_INJECTED;
	if (reason == REASON_INTERNAL_ERROR ||
	    !shape_check(pod, (char[PLAN_DETAIL_MAX]){0}, PLAN_DETAIL_MAX))
		return;
	out->has_spec = true;
	out->pod_after = patched(pod, out->result.patch);
	out->pod_before = out->guarded ? undone(pod) : json_object_get(pod);
	if (!out->pod_after || !out->pod_before) {
		no_memory(out);
		return;
	}
	if (reason == REASON_ALREADY_INJECTED)
		take_warnings(policy, context, out);
	(void)plan_make(&plan);
	/* plan_make() may have ended before it looked at them. */
	plan.metadata = tree_get(pod, "metadata");
	plan.spec = tree_get(pod, "spec");
	out->is_fargate = plan_is_fargate(&plan);
	add_containers(out, &plan, "initContainers");
	add_containers(out, &plan, "containers");
	out->before = size_of(policy, out->pod_before);
	out->after = size_of(policy, out->pod_after);
	out->refused = fargate_refuses(plan.spec);
}

void explain_done(struct explain *explain)
{
	mutate_result_done(&explain->result);
	json_object_put(explain->pod_before);
	json_object_put(explain->pod_after);
	explain->pod_before = explain->pod_after = NULL;
	explain->count = 0;
}
