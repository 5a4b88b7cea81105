#include "webhook/mutate/select.h"

#include <fnmatch.h>
#include <string.h>

#include "injector/base/str.h"
#include "webhook/mutate/image.h"
#include "webhook/mutate/words.h"

#define GLOB_MAX 254

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Whether `name` matches one of the comma-separated globs in `list`, or, `literally`, is one. */
static bool listed(const char *list, const char *name, bool literally)
{
	struct str rest = {list, strlen(list)};
	char glob[GLOB_MAX];

	while (rest.len) {
		struct str item = str_cut(&rest, ',');

		while (item.len && is_blank(*item.ptr))
			item.ptr++, item.len--;
		while (item.len && is_blank(item.ptr[item.len - 1]))
			item.len--;
		if (item.len == 0 || item.len >= sizeof(glob))
			continue;
		memcpy(glob, item.ptr, item.len);
		glob[item.len] = '\0';
		if (literally ? strcmp(glob, name) == 0 : fnmatch(glob, name, 0) == 0)
			return true;
	}
	return false;
}

const char *select_refuses(const struct plan *plan, const struct plan_container *c)
{
	const char *only = plan_word(plan, ANNOTATION_ONLY),
	           *but = plan_word(plan, ANNOTATION_EXCEPT);

	if (plan->install >= 0 && c->init && c->index < (size_t)plan->install)
		return "before-install";
	if (but && listed(but, c->name, false))
		return "excluded";
	if (only && !listed(only, c->name, false))
		return "not-selected";
	if (plan_matches(&plan->policy->inject.exclude_containers, c->name) &&
	    !(only && listed(only, c->name, true)))
		return "known-injector";
	return NULL;
}

/* A literal LD_PRELOAD of the spec, or NULL. */
static const char *preload_value(const struct plan_container *c)
{
	struct json_object *env = tree_list(c->spec, "env");
	long at = tree_find(env, "name", "LD_PRELOAD");

	return at >= 0 ? tree_string(tree_at(env, (size_t)at), "value") : NULL;
}

static bool has_preload(const struct plan_container *c)
{
	return tree_find(tree_list(c->spec, "env"), "name", "LD_PRELOAD") >= 0;
}

void select_container(struct plan *plan, struct plan_container *c)
{
	enum policy_preload_env mode = plan->policy->inject.preload_env;
	bool by_env = mode != POLICY_PRELOAD_NEVER &&
	              (preload_value(c) || (mode == POLICY_PRELOAD_ALWAYS && !has_preload(c)));

	c->reason = select_refuses(plan, c);
	if (c->reason)
		return;
	c->selected = true;
	c->covered = true;
	if (c->has_command || c->wrapped) {
		c->how = c->wrapped && image_was_looked_up(plan, c) ? "lookup" : "command";
	} else if (image_look_up(plan, c)) {
		c->how = "lookup";
	} else if (by_env) {
		c->how = "preload-env";
	} else if (!c->etc_mounted) {
		c->how = "self-wrap";
	} else {
		c->covered = false;
		c->reason = "etc-mounted";
	}
}
