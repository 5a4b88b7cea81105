#include "webhook/mutate/resources.h"

#include <string.h>

#include "injector/base/own.h"
#include "webhook/mutate/fargate.h"
#include "webhook/policy/quantity.h"

static const char *const names[] = {"cpu", "memory"};
#define NAME_COUNT (sizeof(names) / sizeof(*names))

static struct json_object *lesser(struct json_object *a, struct json_object *b)
{
	double x, y;

	if (!a || !b)
		return a;
	return quantity_parse(json_object_get_string(a), &x) &&
	                       quantity_parse(json_object_get_string(b), &y) && y < x
	               ? b
	               : a;
}

/* The configured limits, none above the pod's own. */
static struct json_object *limits_of(const struct plan *plan, struct json_object *configured,
                                     struct tree_build *build)
{
	struct json_object *given = tree_object(configured, "limits");
	struct json_object *pod = tree_object(tree_object(plan->spec, "resources"), "limits");
	struct json_object *out;

	if (!given)
		return NULL;
	out = tree_new_object(build);
	json_object_object_foreach(given, key, value) tree_put_copied(
	        build, out, key, json_object_get(lesser(value, tree_get(pod, key))));
	return out;
}

static struct json_object *requests_of(const struct plan *plan, struct json_object *configured,
                                       struct json_object *limits, struct tree_build *build)
{
	struct json_object *given = tree_object(configured, "requests");
	struct json_object *out = tree_new_object(build);

	if (plan->requests == PLAN_REQUESTS_LIMITS)
		given = limits;
	else if (plan->requests == PLAN_REQUESTS_ZERO)
		given = NULL;
	/* Never absent: an absent request becomes the limit, and an autoscaler fails on it. */
	for (size_t i = 0; i < NAME_COUNT; i++)
		if (!tree_get(given, names[i]))
			tree_put_string(build, out, names[i], "0");
	if (!given)
		return out;
	json_object_object_foreach(given, key, value) tree_put_copied(
	        build, out, key, json_object_get(lesser(value, tree_get(limits, key))));
	return out;
}

struct json_object *resources_make(const struct plan *plan, struct json_object *configured,
                                   struct tree_build *build)
{
	/* The install container has ended before the agent runs: the agent's limits cost it
	 * nothing where the agent pays for them. */
	struct json_object *from =
	        plan->requests == PLAN_REQUESTS_LIMITS ? plan->policy->agent.resources : configured;
	struct json_object *out = tree_new_object(build), *limits = limits_of(plan, from, build);

	tree_put(build, out, "requests", requests_of(plan, from, limits, build));
	if (limits)
		tree_put(build, out, "limits", limits);
	return out;
}

/* The pod's size with our containers in it, for plan->requests as it stands. */
static struct fargate_size size_with_ours(const struct plan *plan)
{
	struct tree_build build = {0};
	CLEANUP(tree_putp) struct json_object *agent = tree_new_object(&build);
	CLEANUP(tree_putp) struct json_object *install = tree_new_object(&build);

	tree_put(&build, agent, "resources",
	         resources_make(plan, plan->policy->agent.resources, &build));
	tree_put(&build, install, "resources",
	         resources_make(plan, plan->policy->install_resources, &build));
	return fargate_size_with(plan->spec, agent, install);
}

static bool has_limits(const struct plan *plan)
{
	struct json_object *limits = tree_object(plan->policy->agent.resources, "limits");

	return tree_get(limits, "cpu") && tree_get(limits, "memory");
}

void resources_choose(struct plan *plan)
{
	struct fargate_size before;

	plan->requests = PLAN_REQUESTS_CONFIGURED;
	/* Ours are in the sum already, as they were chosen then. */
	if (plan_is_repair(plan))
		return;
	before = fargate_size_of(plan->spec);
	if (plan_is_fargate(plan) && has_limits(plan) && fargate_is_guaranteed(plan->spec)) {
		plan->requests = PLAN_REQUESTS_LIMITS;
		if (fargate_size_equal(before, size_with_ours(plan)))
			return;
		plan->requests = PLAN_REQUESTS_CONFIGURED;
	}
	if (!tree_object(plan->policy->agent.resources, "requests") &&
	    !tree_object(plan->policy->install_resources, "requests"))
		return;
	if (!plan->policy->fargate.allow_size_increase &&
	    !fargate_size_equal(before, size_with_ours(plan)))
		plan->requests = PLAN_REQUESTS_ZERO;
}
