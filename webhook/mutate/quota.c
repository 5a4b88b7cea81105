#include "webhook/mutate/quota.h"

#include <stdio.h>
#include <string.h>

#include "webhook/mutate/sums.h"
#include "webhook/policy/quantity.h"

/* A quota's name of a resource: "cpu" and "requests.cpu" are requests. */
static const char *split(const char *name, const char **out_kind)
{
	static const char *const plain[] = {"cpu", "memory", "ephemeral-storage"};

	*out_kind = "requests";
	if (strncmp(name, "requests.", 9) == 0)
		return name + 9;
	if (strncmp(name, "limits.", 7) == 0) {
		*out_kind = "limits";
		return name + 7;
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		if (strcmp(name, plain[i]) == 0)
			return name;
	return NULL;
}

static struct sum ours(const struct amounts *amounts, const char *kind, const char *name)
{
	bool is_limit = strcmp(kind, "limits") == 0;

	for (size_t i = 0; amounts && i < amounts->count; i++) {
		const struct amount *amount = &amounts->items[i];

		if (strcmp(amount->name, name) == 0)
			return is_limit ? (struct sum){amount->limit, amount->has_limit}
			                : (struct sum){amount->request, true};
	}
	return (struct sum){0};
}

/* limits.cpu and their like: every container of the pod must name one. */
static bool all_name(const struct quota_pod *pod, bool newly, const char *kind, const char *name)
{
	static const char *const lists[] = {"initContainers", "containers"};

	if ((pod->agent && !ours(pod->agent, kind, name).has) ||
	    (pod->install && !ours(pod->install, kind, name).has))
		return false;
	for (size_t i = 0; newly && i < 2; i++) {
		struct json_object *list = tree_list(pod->spec, lists[i]);

		for (size_t j = 0; j < tree_count(list); j++)
			if (!sums_container(tree_at(list, j), kind, name).has)
				return false;
	}
	return true;
}

static const char *priority_of(const struct quota_pod *pod)
{
	return tree_string(pod->spec, "priorityClassName");
}

static bool in_values(struct json_object *values, const char *word)
{
	for (size_t i = 0; word && i < tree_count(values); i++)
		if (tree_item_is(values, i, word))
			return true;
	return false;
}

/* Whether one scope, as `word` or as an expression, holds.  One that is not known here does. */
static bool scope_holds(const struct quota_pod *pod, const char *scope,
                        struct json_object *expression, bool best_effort)
{
	const char *op = tree_string(expression, "operator");
	bool terminates = tree_has(pod->spec, "activeDeadlineSeconds");
	const char *priority = priority_of(pod);

	if (strcmp(scope, "BestEffort") == 0)
		return best_effort;
	if (strcmp(scope, "NotBestEffort") == 0)
		return !best_effort;
	if (strcmp(scope, "Terminating") == 0)
		return terminates;
	if (strcmp(scope, "NotTerminating") == 0)
		return !terminates;
	if (strcmp(scope, "PriorityClass") != 0)
		return true;
	if (!op || strcmp(op, "Exists") == 0)
		return priority && *priority;
	if (strcmp(op, "DoesNotExist") == 0)
		return !priority || !*priority;
	return in_values(tree_list(expression, "values"), priority) == (strcmp(op, "In") == 0);
}

static bool counts(struct json_object *quota, const struct quota_pod *pod, bool best_effort)
{
	struct json_object *scopes = tree_list(quota, "scopes");
	struct json_object *expressions =
	        tree_list(tree_get(quota, "scopeSelector"), "matchExpressions");

	for (size_t i = 0; i < tree_count(scopes); i++) {
		struct json_object *scope = json_object_array_get_idx(scopes, i);

		if (json_object_is_type(scope, json_type_string) &&
		    !scope_holds(pod, json_object_get_string(scope), NULL, best_effort))
			return false;
	}
	for (size_t i = 0; i < tree_count(expressions); i++) {
		struct json_object *expression = tree_at(expressions, i);
		const char *scope = tree_string(expression, "scopeName");

		if (scope && !scope_holds(pod, scope, expression, best_effort))
			return false;
	}
	return true;
}

static double amount_of(struct json_object *amounts, const char *name)
{
	struct json_object *value = tree_get(amounts, name);
	double number = 0;

	if (value)
		(void)quantity_parse(json_object_get_string(value), &number);
	return number;
}

static bool admits(struct json_object *quota, const struct quota_pod *pod, bool newly,
                   const char *word, char *detail, size_t cap)
{
	const char *kind, *name = split(word, &kind);
	bool is_basic = name && (strcmp(name, "cpu") == 0 || strcmp(name, "memory") == 0);
	struct sums_more more = {.on_is_sidecar = pod->as_sidecar};
	double before, after;

	if (!name)
		return true;
	if (is_basic && !all_name(pod, newly, kind, name)) {
		snprintf(detail, cap, "a ResourceQuota wants %.60s of every container", word);
		return false;
	}
	more.first = ours(pod->install, kind, name);
	more.on = ours(pod->agent, kind, name);
	before = newly ? 0 : sums_of(pod->spec, kind, name, NULL).value;
	after = sums_of(pod->spec, kind, name, &more).value;
	/* What the pod asks for by itself is refused, or not, with us as without us. */
	if (after <= before || amount_of(tree_get(quota, "used"), word) + after <=
	                               amount_of(tree_get(quota, "hard"), word))
		return true;
	snprintf(detail, cap, "a ResourceQuota on %.60s has no room for Farguard's containers",
	         word);
	return false;
}

bool quota_admits(struct json_object *quotas, const struct quota_pod *pod, char *detail, size_t cap)
{
	for (size_t i = 0; i < tree_count(quotas); i++) {
		struct json_object *quota = tree_at(quotas, i);
		struct json_object *hard = tree_object(quota, "hard");
		bool newly = !counts(quota, pod, pod->best_effort_before);

		if (!hard || !counts(quota, pod, pod->best_effort_after))
			continue;
		json_object_object_foreach(hard, word, value)
		{
			(void)value;
			if (!admits(quota, pod, newly, word, detail, cap))
				return false;
		}
	}
	return true;
}
