/* limits.h - of a LimitRange and a ResourceQuota, what a review needs.
 *
 * Threads  Pure.
 */
#ifndef FARGUARD_KUBE_LIMITS_H
#define FARGUARD_KUBE_LIMITS_H

#include <json-c/json.h>

/* A LimitRange's spec; caller puts it.  NULL when it has none. */
struct json_object *limits_of_range(struct json_object *range);

/* {"hard","used","scopes","scopeSelector"} of a ResourceQuota, those that it has: "hard" is what
 * the API server enforces (status), or what it is told to (spec) until it does.  Caller puts it;
 * NULL when there is nothing, or no memory. */
struct json_object *limits_of_quota(struct json_object *quota);

#endif
