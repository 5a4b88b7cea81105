#include "webhook/mutate/note.h"

#include <stdio.h>
#include <string.h>

#include "webhook/mutate/review.h"
#include "webhook/mutate/tree.h"

static void copy(char *out, size_t cap, const char *text)
{
	snprintf(out, cap, "%s", text ? text : "");
}

static void note_owner(struct review_outcome *outcome, struct json_object *metadata)
{
	struct json_object *owners = tree_list(metadata, "ownerReferences");

	for (size_t i = 0; i < tree_count(owners); i++) {
		struct json_object *owner = tree_at(owners, i);

		if (!tree_true(owner, "controller"))
			continue;
		copy(outcome->owner.api_version, sizeof(outcome->owner.api_version),
		     tree_string(owner, "apiVersion"));
		copy(outcome->owner.kind, sizeof(outcome->owner.kind), tree_string(owner, "kind"));
		copy(outcome->owner.name, sizeof(outcome->owner.name), tree_string(owner, "name"));
		copy(outcome->owner.uid, sizeof(outcome->owner.uid), tree_string(owner, "uid"));
		return;
	}
}

void note_request(struct review_outcome *outcome, struct json_object *request)
{
	struct json_object *metadata = tree_get(tree_get(request, "object"), "metadata");
	const char *name = tree_string(request, "name");

	copy(outcome->uid, sizeof(outcome->uid), tree_string(request, "uid"));
	copy(outcome->operation, sizeof(outcome->operation), tree_string(request, "operation"));
	copy(outcome->namespace, sizeof(outcome->namespace), tree_string(request, "namespace"));
	if (!name || !*name)
		name = tree_string(metadata, "name");
	outcome->is_named = name && *name;
	if (!outcome->is_named)
		name = tree_string(metadata, "generateName");
	copy(outcome->name, sizeof(outcome->name), name);
	outcome->dry_run = tree_true(request, "dryRun");
	note_owner(outcome, metadata);
}

/* What its owner, or the configuration, left out is no gap. */
static bool is_choice(const char *reason)
{
	static const char *const choices[] = {"excluded", "not-selected", "known-injector"};

	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++)
		if (strcmp(reason, choices[i]) == 0)
			return true;
	return false;
}

static void note_uncovered(struct review_outcome *outcome, struct json_object *status)
{
	struct json_object *containers = tree_object(status, "containers");
	size_t len = 0, cap = sizeof(outcome->uncovered);

	if (!containers)
		return;
	json_object_object_foreach(containers, name, container)
	{
		const char *reason = tree_string(container, "reason");

		if (tree_true(container, "covered") || !reason || is_choice(reason) || len >= cap)
			continue;
		len += (size_t)snprintf(outcome->uncovered + len, cap - len, "%s%.63s (%s)",
		                        len ? ", " : "", name, reason);
	}
}

void note_result(struct review_outcome *outcome, const struct mutate_result *result,
                 size_t operations)
{
	outcome->reason = result->reason;
	outcome->operations = operations;
	copy(outcome->detail, sizeof(outcome->detail), result->detail);
	note_uncovered(outcome, result->status);
}
