/* sums.h - what a pod requests and may use in all, as the API server counts it.
 *
 * Why      LimitRanges of type Pod and ResourceQuotas look at the pod's sum, which is no plain sum:
 *          init containers run one after the other, sidecars beside all that follow, and resources
 *          of the pod itself stand for both (k8s.io/component-helpers/resource, PodRequests).
 */
#ifndef FARGUARD_MUTATE_SUMS_H
#define FARGUARD_MUTATE_SUMS_H

#include <json-c/json.h>
#include <stdbool.h>

struct sum {
	double value;
	bool has; /* something says so, be it 0 */
};

/* Containers that are not in the pod yet: one first among the init containers, and one that runs
 * on, as a sidecar behind the first or as a container. */
struct sums_more {
	struct sum first, on;
	bool on_is_sidecar;
};

/* The pod's `kind` ("requests" or "limits") of the resource `name`, with `more` (or NULL). */
struct sum sums_of(struct json_object *spec, const char *kind, const char *name,
                   const struct sums_more *more);

/* One container's; a request that is not there is its limit, as the API server defaults it. */
struct sum sums_container(struct json_object *container, const char *kind, const char *name);

#endif
