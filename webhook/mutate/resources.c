#include "webhook/mutate/resources.h"

#include <string.h>

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

/* The install container has ended before the agent runs: the agent's limits cost it nothing where
 * the agent pays for them. */
static struct json_object *source(const struct plan *plan, struct json_object *configured)
{
	return plan->requests == PLAN_REQUESTS_LIMITS ? plan->policy->agent.resources : configured;
}

/* The limit of `key` in `from`, not above the pod's own; NULL for none. */
static struct json_object *limit_of(const struct plan *plan, struct json_object *from,
                                    const char *key)
{
	struct json_object *pod = tree_object(tree_object(plan->spec, "resources"), "limits");

	return lesser(tree_get(tree_object(from, "limits"), key), tree_get(pod, key));
}

/* The members of `from` that requests are made of. */
static struct json_object *requested(const struct plan *plan, struct json_object *from)
{
	if (plan->requests == PLAN_REQUESTS_ZERO)
		return NULL;
	return tree_object(from, plan->requests == PLAN_REQUESTS_LIMITS ? "limits" : "requests");
}

/* The request of `key` in `from`, not above its limit; NULL for none. */
static struct json_object *request_of(const struct plan *plan, struct json_object *from,
                                      const char *key)
{
	return lesser(tree_get(requested(plan, from), key), limit_of(plan, from, key));
}

static struct json_object *limits_of(const struct plan *plan, struct json_object *from,
                                     struct tree_build *build)
{
	struct json_object *given = tree_object(from, "limits"), *out;

	if (!given)
		return NULL;
	out = tree_new_object(build);
	json_object_object_foreach(given, key, value)
	{
		(void)value;
		tree_put_copied(build, out, key, json_object_get(limit_of(plan, from, key)));
	}
	return out;
}

static struct json_object *requests_of(const struct plan *plan, struct json_object *from,
                                       struct tree_build *build)
{
	struct json_object *given = requested(plan, from), *out = tree_new_object(build);

	/* Never absent: an absent request becomes the limit, and an autoscaler fails on it. */
	for (size_t i = 0; i < NAME_COUNT; i++)
		if (!tree_get(given, names[i]))
			tree_put_string(build, out, names[i], "0");
	if (!given)
		return out;
	json_object_object_foreach(given, key, value)
	{
		(void)value;
		tree_put_copied(build, out, key, json_object_get(request_of(plan, from, key)));
	}
	return out;
}

struct json_object *resources_make(const struct plan *plan, struct json_object *configured,
                                   struct tree_build *build)
{
	struct json_object *from = source(plan, configured);
	struct json_object *out = tree_new_object(build), *limits = limits_of(plan, from, build);

	tree_put(build, out, "requests", requests_of(plan, from, build));
	if (limits)
		tree_put(build, out, "limits", limits);
	return out;
}

/* What resources_make() requests, as numbers. */
static struct fargate_requests requests_in_numbers(const struct plan *plan,
                                                   struct json_object *configured)
{
	struct json_object *from = source(plan, configured);
	double out[NAME_COUNT] = {0};

	for (size_t i = 0; i < NAME_COUNT; i++) {
		struct json_object *request = request_of(plan, from, names[i]);
		struct json_object *limit = limit_of(plan, from, names[i]);

		/* As fargate.c reads a container: what is no quantity is as good as absent. */
		if (request && !quantity_parse(json_object_get_string(request), &out[i]) && limit)
			(void)quantity_parse(json_object_get_string(limit), &out[i]);
	}
	return (struct fargate_requests){out[0], out[1]};
}

/* The pod's size with our containers in it, for plan->requests as it stands. */
static struct fargate_size size_with_ours(const struct plan *plan)
{
	return fargate_size_with(plan->spec,
	                         requests_in_numbers(plan, plan->policy->agent.resources),
	                         requests_in_numbers(plan, plan->policy->install_resources));
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
