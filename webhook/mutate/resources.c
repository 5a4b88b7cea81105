/* resources.c - try what is best for the pod first, then what asks for less. */
#include "webhook/mutate/resources.h"

#include <stdio.h>
#include <string.h>

#include "webhook/mutate/fargate.h"
#include "webhook/mutate/quota.h"
#include "webhook/mutate/sums.h"

/* Below these the agent is of no use. */
#define LEAST_CPU    0.05
#define LEAST_MEMORY (32.0 * 1048576)

enum variant {
	AS_LIMITS,     /* requests equal limits: the pod stays Guaranteed, at no cost */
	AS_CONFIGURED, /* both as the configuration says */
	NO_REQUESTS,   /* what is configured would buy a larger Fargate size */
	FREE_LIMITS,   /* limits of an explicit 0 count nowhere */
	NO_LIMITS
};

struct fit {
	struct plan *plan;
	bool adds_install, adds_agent;
	struct bounds of_container, of_pod;
	struct fargate_size before;
	bool is_best_effort;
};

static struct json_object *pod_limits(const struct plan *plan)
{
	return tree_object(tree_object(plan->spec, "resources"), "limits");
}

static void load(const struct plan *plan, enum variant variant, struct json_object *configured,
                 struct amounts *out)
{
	/* The install container has ended before the agent runs: the agent's limits cost it nothing
	 * where the agent pays for them. */
	struct json_object *from =
	        variant == AS_LIMITS ? plan->policy->agent.resources : configured;
	struct json_object *limits = tree_object(from, "limits");
	struct json_object *requests = variant == AS_LIMITS       ? limits
	                               : variant == AS_CONFIGURED ? tree_object(from, "requests")
	                                                          : NULL;

	amounts_load(out, variant == NO_LIMITS ? NULL : limits, requests, pod_limits(plan));
	if (variant == FREE_LIMITS)
		amounts_free_of_limits(out);
}

static struct sum request_of(const struct amount *amount)
{
	return (struct sum){amount->request, true};
}

static struct sum limit_of(const struct amount *amount)
{
	return (struct sum){amount->limit, amount->has_limit};
}

struct pair {
	struct sum request, limit;
};

/* The pod's sums of a resource, with ours or without. */
static struct pair sums(const struct fit *fit, const char *name, bool with_ours)
{
	struct plan *plan = fit->plan;
	struct sums_more requests = {.on_is_sidecar = plan->as_sidecar}, limits = requests;

	for (int i = 0; i < 2 && with_ours; i++) {
		bool adds = i ? fit->adds_agent : fit->adds_install;
		struct amount *amount =
		        adds ? amounts_of(i ? &plan->ours.agent : &plan->ours.install, name) : NULL;

		if (!amount)
			continue;
		*(i ? &requests.on : &requests.first) = request_of(amount);
		*(i ? &limits.on : &limits.first) = limit_of(amount);
	}
	return (struct pair){sums_of(plan->spec, "requests", name, &requests),
	                     sums_of(plan->spec, "limits", name, &limits)};
}

/* As limitranger has it. */
static bool breaks(const struct bounds_item *bounds, struct pair sum)
{
	double request = sum.request.value, limit = sum.limit.value;

	if (bounds->min.as && (!sum.request.has || request < bounds->min.value ||
	                       (sum.limit.has && limit < bounds->min.value)))
		return true;
	if (bounds->max.as && (!sum.limit.has || limit > bounds->max.value ||
	                       (sum.request.has && request > bounds->max.value)))
		return true;
	return bounds->ratio.as &&
	       (request <= 0 || limit <= 0 || limit / request > bounds->ratio.value * (1 + 1e-9));
}

/* Make the agent smaller, or its request larger, where the pod's sum wants that. */
static void fit_agent(struct fit *fit, const struct bounds_item *bounds)
{
	double least = strcmp(bounds->name, "cpu") == 0      ? LEAST_CPU
	               : strcmp(bounds->name, "memory") == 0 ? LEAST_MEMORY
	                                                     : 0;
	struct amount *agent = amounts_of(&fit->plan->ours.agent, bounds->name);
	struct pair with = sums(fit, bounds->name, true);
	double over = with.limit.value - bounds->max.value;

	if (!agent || !agent->has_limit)
		return;
	if (bounds->max.as && over > 0 && agent->limit - over >= least) {
		agent->limit -= over;
		agent->limit_as = NULL;
		if (agent->request > agent->limit) {
			agent->request = agent->limit;
			agent->request_as = NULL;
		}
		with = sums(fit, bounds->name, true);
	}
	if (!bounds->ratio.as || with.limit.value <= with.request.value * bounds->ratio.value)
		return;
	agent->request += with.limit.value / bounds->ratio.value - with.request.value;
	agent->request_as = NULL;
	if (agent->request > agent->limit)
		agent->request = agent->limit;
}

static bool fit_pod(struct fit *fit, char *detail, size_t cap)
{
	for (size_t i = 0; i < fit->of_pod.count; i++) {
		const struct bounds_item *bounds = &fit->of_pod.items[i];

		/* A pod that is refused anyway stays refused: a limit of ours must not stand for
		 * one that its own containers lack. */
		if (breaks(bounds, sums(fit, bounds->name, false))) {
			if (breaks(bounds, sums(fit, bounds->name, true)))
				continue;
			snprintf(detail, cap, "the pod's %.40s does not fit the LimitRange",
			         bounds->name);
			return false;
		}
		if (fit->adds_agent && breaks(bounds, sums(fit, bounds->name, true)))
			fit_agent(fit, bounds);
		if (!breaks(bounds, sums(fit, bounds->name, true)))
			continue;
		snprintf(detail, cap,
		         "with Farguard's containers the pod's %.40s does not fit the LimitRange",
		         bounds->name);
		return false;
	}
	return true;
}

static struct fargate_requests in_numbers(struct amounts *amounts, bool adds)
{
	if (!adds)
		return (struct fargate_requests){0};
	return (struct fargate_requests){amounts_of(amounts, "cpu")->request,
	                                 amounts_of(amounts, "memory")->request};
}

static bool keeps_size(const struct fit *fit)
{
	struct plan *plan = fit->plan;

	return fargate_size_equal(
	        fit->before,
	        fargate_size_with(plan->spec, in_numbers(&plan->ours.agent, fit->adds_agent),
	                          in_numbers(&plan->ours.install, fit->adds_install)));
}

static bool asks_for_something(const struct amounts *amounts)
{
	for (size_t i = 0; i < amounts->count; i++)
		if (amounts->items[i].request > 0 || amounts->items[i].limit > 0)
			return true;
	return false;
}

static bool fit_quotas(const struct fit *fit, char *detail, size_t cap)
{
	const struct plan *plan = fit->plan;
	struct quota_pod pod = {.spec = plan->spec,
	                        .install = fit->adds_install ? &plan->ours.install : NULL,
	                        .agent = fit->adds_agent ? &plan->ours.agent : NULL,
	                        .as_sidecar = plan->as_sidecar,
	                        .best_effort_before = fit->is_best_effort};

	pod.best_effort_after = fit->is_best_effort &&
	                        !(pod.install && asks_for_something(pod.install)) &&
	                        !(pod.agent && asks_for_something(pod.agent));
	return quota_admits(plan->context->quotas, &pod, detail, cap);
}

static enum reason try(struct fit *fit, enum variant variant)
{
	struct plan *plan = fit->plan;
	char *detail = plan->detail;
	size_t cap = sizeof(plan->detail);

	load(plan, variant, plan->policy->install_resources, &plan->ours.install);
	load(plan, variant, plan->policy->agent.resources, &plan->ours.agent);
	if ((fit->adds_install && !amounts_fit(&plan->ours.install, &fit->of_container,
	                                       pod_limits(plan), detail, cap)) ||
	    (fit->adds_agent &&
	     !amounts_fit(&plan->ours.agent, &fit->of_container, pod_limits(plan), detail, cap)) ||
	    !fit_pod(fit, detail, cap))
		return REASON_LIMIT_RANGE;
	if (!fit_quotas(fit, detail, cap))
		return REASON_QUOTA;
	if ((variant == AS_LIMITS || !plan->policy->fargate.allow_size_increase) &&
	    !keeps_size(fit)) {
		snprintf(detail, cap,
		         "what the LimitRange asks of Farguard's containers needs a larger Fargate "
		         "size");
		return REASON_LIMIT_RANGE;
	}
	detail[0] = '\0';
	return REASON_INJECTED;
}

static bool stays_guaranteed(const struct plan *plan)
{
	struct json_object *limits = tree_object(plan->policy->agent.resources, "limits");

	return plan_is_fargate(plan) && tree_get(limits, "cpu") && tree_get(limits, "memory") &&
	       fargate_is_guaranteed(plan->spec);
}

/* Whether no container says anything of cpu or memory: QoS class BestEffort. */
static bool is_best_effort(const struct plan *plan)
{
	static const char *const names[] = {"cpu", "memory"}, *const kinds[] = {"requests",
	                                                                        "limits"};

	for (size_t i = 0; i < 4; i++)
		if (sums_of(plan->spec, kinds[i / 2], names[i % 2], NULL).value > 0)
			return false;
	return true;
}

enum reason resources_choose(struct plan *plan)
{
	struct fit fit = {.plan = plan,
	                  .adds_install = plan->install < 0,
	                  .adds_agent = plan->agent < 0 && plan->sidecar_agent < 0};
	bool is_bounded = plan->context->limit_ranges || plan->context->quotas;
	enum reason reason;
	bool guaranteed;

	if (!fit.adds_install && !fit.adds_agent)
		return REASON_INJECTED;
	guaranteed = stays_guaranteed(plan);
	if (!is_bounded && !guaranteed && !tree_object(plan->policy->agent.resources, "requests") &&
	    !tree_object(plan->policy->install_resources, "requests")) {
		load(plan, AS_CONFIGURED, plan->policy->install_resources, &plan->ours.install);
		load(plan, AS_CONFIGURED, plan->policy->agent.resources, &plan->ours.agent);
		return REASON_INJECTED;
	}
	bounds_read(plan->context->limit_ranges, "Container", &fit.of_container);
	bounds_read(plan->context->limit_ranges, "Pod", &fit.of_pod);
	fit.before = fargate_size_of(plan->spec);
	fit.is_best_effort = plan->context->quotas && is_best_effort(plan);
	if (guaranteed && try(&fit, AS_LIMITS) == REASON_INJECTED)
		return REASON_INJECTED;
	for (enum variant variant = AS_CONFIGURED; variant <= NO_LIMITS; variant++) {
		reason = try(&fit, variant);
		if (reason == REASON_INJECTED)
			break;
	}
	return reason;
}
