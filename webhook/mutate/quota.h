/* quota.h - whether a namespace's ResourceQuotas leave room for our containers.
 *
 * Why      A quota on limits refuses a pod of which one container names none, and a full one
 *          refuses whatever adds to it (pkg/quota/v1/evaluator/core/pods.go).
 * Limits   What the watch knows is a moment old; the API server decides.
 */
#ifndef FARGUARD_MUTATE_QUOTA_H
#define FARGUARD_MUTATE_QUOTA_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "webhook/mutate/amounts.h"

struct quota_pod {
	struct json_object *spec;
	/* Ours that are not in the spec yet; NULL for one that is. */
	const struct amounts *install, *agent;
	bool as_sidecar;
	bool best_effort_before, best_effort_after; /* its QoS class */
};

/* Whether `quotas` (an array of {"hard","used","scopes","scopeSelector"}, or NULL) take the pod
 * with ours as they take it without; `detail` says what is exceeded. */
bool quota_admits(struct json_object *quotas, const struct quota_pod *pod, char *detail,
                  size_t cap);

#endif
