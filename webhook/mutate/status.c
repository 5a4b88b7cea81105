#include "webhook/mutate/status.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/own.h"
#include "injector/base/version.h"
#include "webhook/mutate/fargate.h"
#include "webhook/mutate/words.h"

#define STATUS_BYTES_MAX 65536
/* Parents that an honest status names; a forged one may name any number. */
#define MERGE_MAX (3 * PLAN_CONTAINERS_MAX)

struct json_object *status_of(struct json_object *pod)
{
	return status_parse(tree_get(tree_get(pod, "metadata"), "annotations"), STATUS_BYTES_MAX);
}

struct json_object *status_parse(struct json_object *holder, size_t bytes_max)
{
	const char *text = tree_string(holder, ANNOTATION_STATUS);
	struct json_object *status;

	if (!text || strnlen(text, bytes_max) == bytes_max)
		return NULL;
	status = json_tokener_parse(text);
	if (json_object_is_type(status, json_type_object))
		return status;
	json_object_put(status);
	return NULL;
}

static struct json_object *containers(const struct plan *plan, struct tree_build *build)
{
	struct json_object *out = tree_new_object(build);
	size_t i;

	for (i = 0; i < plan->count; i++) {
		const struct plan_container *c = &plan->containers[i];
		struct json_object *one = tree_new_object(build);

		tree_put(build, one, "covered", tree_new_bool(build, c->covered));
		tree_put_string(build, one, c->covered ? "how" : "reason",
		                c->covered ? c->how : c->reason);
		tree_put_copied(build, out, c->name, one);
	}
	return out;
}

static struct json_object *fargate(struct plan *plan, struct json_object *spec_after,
                                   struct tree_build *build)
{
	const struct policy *policy = plan->policy;
	struct fargate_size before = fargate_size_of(plan->spec);
	struct fargate_size after = fargate_size_of(spec_after);
	struct json_object *out = tree_new_object(build);
	double delta = fargate_month(after, policy->fargate.price_vcpu_hour,
	                             policy->fargate.price_gb_hour) -
	               fargate_month(before, policy->fargate.price_vcpu_hour,
	                             policy->fargate.price_gb_hour);
	char text[32];

	fargate_format(before, text);
	tree_put_string(build, out, "before", text);
	fargate_format(after, text);
	tree_put_string(build, out, "after", text);
	snprintf(text, sizeof(text), "%.2f", fabs(delta) < 0.005 ? 0.0 : delta);
	tree_put(build, out, "pricePerMonthDelta", json_object_new_double_s(delta, text));
	if (!fargate_size_equal(before, after))
		plan_warn(plan, "size-increased");
	if (fargate_refuses(plan->spec))
		plan_warn(plan, "fargate-refuses");
	if (fargate_is_guaranteed(plan->spec) && !fargate_is_guaranteed(spec_after))
		plan_warn(plan, "qos-changed");
	return out;
}

/* Every pointer of `more` that `list` does not have. */
static void merge(struct json_object *list, struct json_object *more, struct tree_build *build)
{
	size_t i, j;

	for (i = 0; i < tree_count(more) && i < MERGE_MAX; i++) {
		struct json_object *item = json_object_array_get_idx(more, i);

		for (j = 0; j < tree_count(list); j++)
			if (tree_item_is(list, j, json_object_get_string(item)))
				break;
		if (j == tree_count(list))
			tree_push(build, list, json_object_get(item));
	}
}

const char *status_default_container(const struct plan *plan)
{
	struct json_object *annotations = tree_get(plan->metadata, "annotations");

	if (plan_is_repair(plan) || plan->count != 1 || plan->containers[0].init ||
	    tree_has(annotations, ANNOTATION_DEFAULT))
		return NULL;
	return plan->containers[0].name;
}

static struct json_object *undo(const struct plan *plan, struct ops *ops)
{
	struct tree_build *build = &ops->build;
	struct json_object *out = tree_new_object(build);
	CLEANUP(tree_putp) struct json_object *old = status_of(plan->pod);
	struct json_object *old_undo = plan_is_repair(plan) ? tree_object(old, "undo") : NULL;
	struct json_object *labels = tree_get(plan->metadata, "labels");
	struct json_object *annotations = tree_get(plan->metadata, "annotations");

	merge(ops->created, tree_list(old_undo, "created"), build);
	tree_put(build, out, "created", json_object_get(ops->created));
	merge(ops->nulls, tree_list(old_undo, "nulls"), build);
	if (tree_count(ops->nulls))
		tree_put(build, out, "nulls", json_object_get(ops->nulls));
	/* Values of ours that the pod came with: somebody wrote them, so they come back. */
	if (plan_is_repair(plan)) {
		if (tree_has(old_undo, "label"))
			tree_put(build, out, "label", json_object_get(tree_get(old_undo, "label")));
		if (tree_has(old_undo, "status"))
			tree_put(build, out, "status",
			         json_object_get(tree_get(old_undo, "status")));
		if (tree_has(old_undo, "defaultContainer"))
			tree_put(build, out, "defaultContainer",
			         json_object_get(tree_get(old_undo, "defaultContainer")));
	} else {
		if (tree_get(labels, LABEL_INJECTED))
			tree_put(build, out, "label",
			         json_object_get(tree_get(labels, LABEL_INJECTED)));
		if (tree_get(annotations, ANNOTATION_STATUS))
			tree_put(build, out, "status",
			         json_object_get(tree_get(annotations, ANNOTATION_STATUS)));
		if (status_default_container(plan))
			tree_put_string(build, out, "defaultContainer",
			                status_default_container(plan));
	}
	return out;
}

struct json_object *status_make(struct plan *plan, struct ops *ops, enum reason reason,
                                struct json_object *spec_after)
{
	struct tree_build *build = &ops->build;
	struct json_object *out = tree_new_object(build), *sizes;

	tree_put_string(build, out, "version", FARGUARD_VERSION);
	tree_put_string(build, out, "reason", reason_name(reason));
	tree_put_string(build, out, "image", plan->policy->image.reference);
	tree_put(build, out, "containers", containers(plan, build));
	sizes = fargate(plan, spec_after, build);
	tree_put(build, out, "fargate", sizes);
	tree_put(build, out, "warnings",
	         tree_new_strings(build, plan->warnings, plan->warning_count));
	tree_put(build, out, "undo", undo(plan, ops));
	return out;
}

void status_put(const struct plan *plan, struct ops *ops, struct json_object *status)
{
	CLEANUP(writer_done) struct writer text = {0};
	struct json_object *annotations = tree_get(plan->metadata, "annotations");

	writer_add_json(&text, status);
	if (text.failed) {
		ops->build.failed = true;
		return;
	}
	ops_put(ops, tree_has(annotations, ANNOTATION_STATUS) ? "replace" : "add", POINTER_STATUS,
	        tree_new_string(&ops->build, text.bytes));
	if (status_default_container(plan))
		ops_put(ops, "add", POINTER_DEFAULT,
		        tree_new_string(&ops->build, status_default_container(plan)));
}
