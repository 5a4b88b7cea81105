#include "webhook/mutate/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/contract.h"
#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/mutate/apply.h"
#include "webhook/mutate/edit.h"
#include "webhook/mutate/ours.h"
#include "webhook/mutate/status.h"
#include "webhook/mutate/tree.h"
#include "webhook/mutate/undo.h"

static int fail(char *detail, size_t cap, const char *what)
{
	snprintf(detail, cap, "%s", what);
	return -EBADE;
}

/* Take us out of `pod`, which apply_copy() returned. */
static int take_out(struct json_object *pod, struct json_object *status, struct err *err)
{
	CLEANUP(ops_done) struct ops ops = {0};

	ops_init(&ops);
	undo_make(pod, status, &ops);
	if (ops.build.failed)
		return err_set(err, ENOMEM, "no memory to undo");
	return apply_more(pod, ops.list, ops.count, err);
}

static int check_undo(const struct plan *plan, struct json_object *after,
                      struct json_object *status, char *detail, size_t cap)
{
	CLEANUP(tree_putp) struct json_object *old_status = NULL;
	CLEANUP(tree_putp) struct json_object *wanted = NULL;
	struct err err = {0};

	if (take_out(after, status, &err) < 0)
		return fail(detail, cap, err.text);
	if (plan_is_repair(plan)) {
		old_status = status_of(plan->pod);
		wanted = apply_copy(plan->pod, NULL, 0, &err);
		if (!wanted || take_out(wanted, old_status, &err) < 0)
			return fail(detail, cap, err.text);
	} else {
		wanted = json_object_get(plan->pod);
	}
	if (!tree_equal(after, wanted, 0))
		return fail(detail, cap, "undoing the patch does not give the pod back");
	return 0;
}

/* Injecting once more must find nothing to do. */
static int check_complete(const struct plan *plan, struct json_object *after, char *detail,
                          size_t cap)
{
	CLEANUP(ops_done) struct ops ops = {0};
	struct mutate_context context = *plan->context;
	struct plan again;

	/* What is not found out by now is not found out. */
	context.image = NULL;
	plan_init(&again, plan->policy, &context, after);
	if (plan_make(&again) != REASON_INJECTED || again.install < 0 || !again.volume ||
	    !again.no_token_volume || (again.agent < 0 && again.sidecar_agent < 0))
		return fail(detail, cap, "the patched pod is not seen as injected");
	ops_init(&ops);
	edit_pod(&again, &ops);
	if (!ops.build.failed && ops.count == 0)
		return 0;
	snprintf(detail, cap, "the patched pod lacks a part at %.100s",
	         ops.count ? ops.list[0].path : "?");
	return -EBADE;
}

/* Volumes of ours stand once, and every mount of them has one. */
static int check_volumes(struct json_object *spec, char *detail, size_t cap)
{
	static const char *const lists[] = {"initContainers", "containers"};
	struct json_object *volumes = tree_list(spec, "volumes");
	bool has_spool = tree_find(volumes, "name", CONTRACT_SPOOL_VOLUME) >= 0;
	size_t ours = 0;

	for (size_t i = 0; i < tree_count(volumes); i++)
		ours += ours_is_volume(tree_string(tree_at(volumes, i), "name"));
	if (ours != (has_spool ? 3 : 2))
		return fail(detail, cap, "a volume of Farguard is missing or stands twice");
	for (size_t i = 0; i < 2 && !has_spool; i++) {
		struct json_object *list = tree_list(spec, lists[i]);

		for (size_t j = 0; j < tree_count(list); j++)
			if (tree_find(tree_list(tree_at(list, j), "volumeMounts"), "name",
			              CONTRACT_SPOOL_VOLUME) >= 0)
				return fail(detail, cap, "a mount has no volume");
	}
	return 0;
}

int check_patched(const struct plan *plan, struct json_object *after, struct json_object *status,
                  char *detail, size_t cap)
{
	int r = check_complete(plan, after, detail, cap);

	if (r == 0)
		r = check_volumes(tree_get(after, "spec"), detail, cap);
	if (r == 0)
		r = check_undo(plan, after, status, detail, cap);
	return r;
}
