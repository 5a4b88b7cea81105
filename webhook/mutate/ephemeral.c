#include "webhook/mutate/ephemeral.h"

#include <stdio.h>
#include <string.h>

#include "injector/base/contract.h"
#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/mutate/apply.h"
#include "webhook/mutate/edit.h"
#include "webhook/mutate/image.h"
#include "webhook/mutate/select.h"
#include "webhook/mutate/shape.h"
#include "webhook/mutate/words.h"

#define LIST "ephemeralContainers"

/* Whether the pod brings the payload. */
static bool is_guarded(struct json_object *spec)
{
	struct json_object *volumes = tree_list(spec, "volumes");
	struct json_object *init = tree_list(spec, "initContainers");
	long volume = tree_find(volumes, "name", CONTRACT_VOLUME);
	long install = tree_find(init, "name", CONTRACT_INSTALL_CONTAINER);

	return volume >= 0 && tree_object(tree_at(volumes, (size_t)volume), "emptyDir") &&
	       install >= 0 && plan_is_install(tree_at(init, (size_t)install));
}

/* The loader's variable is free, or has a value to which ours is joined. */
static bool may_preload(const struct plan *plan, struct json_object *container)
{
	struct json_object *env = tree_list(container, "env");
	long at = tree_find(env, "name", "LD_PRELOAD");

	return plan->policy->inject.preload_env != POLICY_PRELOAD_NEVER &&
	       (at < 0 || tree_string(tree_at(env, (size_t)at), "value"));
}

/* What a debugging image has in its own ENV is hidden by that: unlike an application's, nobody
 * depends on it. */
static void choose(struct plan *plan, struct plan_container *c)
{
	c->reason = select_refuses(plan, c);
	if (c->reason)
		return;
	c->selected = c->covered = true;
	if (c->has_command || c->wrapped) {
		c->how = "command";
	} else if (image_look_up(plan, c)) {
		c->how = "lookup";
	} else if (may_preload(plan, c->spec)) {
		c->how = "preload-env";
	} else {
		c->covered = false;
		c->reason = "musl-without-lookup";
	}
}

static void say(struct tree_build *build, struct mutate_result *out, const struct plan_container *c)
{
	char text[200];

	snprintf(text, sizeof(text), "farguard: ephemeral container \"%.80s\" is not covered: %s",
	         c->name, c->reason);
	tree_push(build, out->warnings, tree_new_string(build, text));
}

static bool is_new(struct json_object *container, struct json_object *old)
{
	return tree_find(old, "name", tree_string(container, "name")) < 0;
}

static void cover(struct plan *plan, struct json_object *list, struct json_object *old,
                  struct ops *ops, struct mutate_result *out)
{
	for (size_t i = 0; i < tree_count(list) && plan->count < PLAN_CONTAINERS_MAX; i++) {
		struct json_object *spec = tree_at(list, i);
		struct plan_container *c = &plan->containers[plan->count];

		if (!is_new(spec, old))
			continue;
		plan->count++;
		*c = (struct plan_container){.spec = spec,
		                             .name = tree_string(spec, "name"),
		                             .index = i,
		                             .has_command =
		                                     tree_count(tree_list(spec, "command")) > 0,
		                             .wrapped = plan_is_wrapped(spec)};
		choose(plan, c);
		if (c->covered)
			edit_ephemeral(plan, ops, c);
		else
			say(&ops->build, out, c);
		snprintf(out->detail, sizeof(out->detail), "ephemeral container \"%.60s\": %s",
		         c->name, c->covered ? c->how : c->reason);
	}
}

/* What the patch gives must be as it was meant: nothing left to do. */
static enum reason check(const struct plan *plan, struct ops *ops, struct mutate_result *out)
{
	CLEANUP(tree_putp) struct json_object *after = NULL;
	struct err err = {0};

	if (ops->build.failed)
		return REASON_INTERNAL_ERROR;
	for (size_t i = 0; i < plan->count && ops->count == 0; i++)
		if (plan->containers[i].covered)
			return REASON_ALREADY_INJECTED;
	if (ops->count == 0)
		return REASON_NO_CONTAINER_SELECTED;
	after = apply_copy(plan->pod, ops->list, ops->count, &err);
	if (after)
		return REASON_INJECTED;
	snprintf(out->detail, sizeof(out->detail), "%.150s", err.text);
	return REASON_SELF_CHECK_FAILED;
}

static enum reason decide(struct plan *plan, struct json_object *old, struct ops *ops,
                          struct mutate_result *out)
{
	const char *namespace = plan->context->namespace;

	if (strcmp(namespace, OUR_NAMESPACE) == 0 ||
	    plan_matches(&plan->policy->inject.exclude_namespaces, namespace))
		return REASON_NAMESPACE_EXCLUDED;
	if (!shape_check(plan->pod, out->detail, sizeof(out->detail)))
		return REASON_MALFORMED;
	plan->metadata = tree_get(plan->pod, "metadata");
	plan->spec = tree_get(plan->pod, "spec");
	if (!is_guarded(plan->spec)) {
		snprintf(out->detail, sizeof(out->detail), "the pod is not injected");
		return REASON_NO_CONTAINER_SELECTED;
	}
	cover(plan, tree_list(plan->spec, LIST), tree_list(tree_get(old, "spec"), LIST), ops, out);
	return check(plan, ops, out);
}

void ephemeral_decide(const struct policy *policy, const struct mutate_context *context,
                      struct json_object *pod, struct json_object *old, struct ops *ops,
                      struct mutate_result *out)
{
	CLEANUP(plan_done) struct plan plan;

	*out = (struct mutate_result){0};
	ops_init(ops);
	out->warnings = tree_new_list(&ops->build);
	plan_init(&plan, policy, context, pod);
	out->reason = decide(&plan, old, ops, out);
	if (out->reason != REASON_INJECTED)
		ops_done(ops);
}
