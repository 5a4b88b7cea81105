#include "webhook/kube/limits.h"

#include <stdbool.h>

#include "injector/base/own.h"
#include "webhook/kube/json.h"

struct json_object *limits_of_range(struct json_object *range)
{
	struct json_object *spec = json_member(range, "spec");

	return json_object_is_type(spec, json_type_object) ? json_object_get(spec) : NULL;
}

/* Put `value` at `key` where it is of `type`; returns false without memory. */
static bool add(struct json_object *to, const char *key, struct json_object *value,
                enum json_type type)
{
	if (!json_object_is_type(value, type))
		return true;
	return json_object_object_add(to, key, json_object_get(value)) == 0;
}

struct json_object *limits_of_quota(struct json_object *quota)
{
	struct json_object *spec = json_member(quota, "spec");
	struct json_object *status = json_member(quota, "status");
	struct json_object *hard = json_member(status, "hard");
	CLEANUP(json_putp) struct json_object *kept = json_object_new_object();

	if (!json_object_is_type(hard, json_type_object))
		hard = json_member(spec, "hard");
	if (!kept || !json_object_is_type(hard, json_type_object))
		return NULL;
	if (!add(kept, "hard", hard, json_type_object) ||
	    !add(kept, "used", json_member(status, "used"), json_type_object) ||
	    !add(kept, "scopes", json_member(spec, "scopes"), json_type_array) ||
	    !add(kept, "scopeSelector", json_member(spec, "scopeSelector"), json_type_object))
		return NULL;
	return TAKE(kept);
}
