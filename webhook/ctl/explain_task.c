#include "webhook/ctl/explain_task.h"

#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/ecs/ecs.h"
#include "webhook/mutate/tree.h"

/* What ecs_inject() would say of a task that has Farguard already: its status, or NULL. */
static struct json_object *status_before(const struct policy *policy, const char *inject,
                                         struct json_object *document)
{
	CLEANUP(mutate_result_done) struct mutate_result result = {0};
	CLEANUP(tree_putp) struct json_object *patch = ecs_undo(document);
	CLEANUP(tree_putp) struct json_object *copy = NULL;
	struct err err = {0};

	if (!patch || json_object_deep_copy(document, &copy, NULL) < 0 ||
	    mutate_apply(copy, patch, &err) < 0)
		return NULL;
	ecs_inject(policy, inject, copy, &result);
	return TAKE(result.status);
}

/* The members of describe-task-definition's answer stand one deeper. */
static struct json_object *definitions_of(struct json_object *document)
{
	struct json_object *inner = tree_object(document, "taskDefinition");

	return tree_list(inner ? inner : document, "containerDefinitions");
}

void explain_task(const struct policy *policy, const char *inject, struct json_object *document,
                  struct explain *out)
{
	struct json_object *definitions, *covered;

	memset(out, 0, sizeof(*out));
	ecs_inject(policy, inject, document, &out->result);
	out->guarded = out->result.reason == REASON_INJECTED ||
	               out->result.reason == REASON_REPAIRED ||
	               out->result.reason == REASON_ALREADY_INJECTED;
	if (out->result.reason == REASON_ALREADY_INJECTED && !out->result.status)
		out->result.status = status_before(policy, inject, document);
	out->pod_before = json_object_get(document);
	definitions = definitions_of(document);
	covered = tree_object(out->result.status, "containers");
	for (size_t i = 0; i < tree_count(definitions) && out->count < EXPLAIN_CONTAINERS_MAX;
	     i++) {
		const char *name = tree_string(tree_at(definitions, i), "name");
		struct json_object *one = name ? tree_object(covered, name) : NULL;
		struct explain_container *c = &out->containers[out->count];

		/* What the status of a guarded task does not name is ours. */
		if (!name || (out->guarded && !one))
			continue;
		*c = (struct explain_container){.name = name};
		c->how = tree_string(one, "how");
		c->covered = out->guarded && tree_true(one, "covered") && c->how;
		c->reason = tree_string(one, "reason");
		if (!c->reason)
			c->reason = reason_name(out->result.reason);
		out->count++;
	}
}
