/* amounts.h - the resources of one container of ours, before they are written.
 *
 * Owns     Nothing: names and texts point into the configuration, the pod and the LimitRanges.
 * Limits   AMOUNTS_MAX resources.
 */
#ifndef FARGUARD_MUTATE_AMOUNTS_H
#define FARGUARD_MUTATE_AMOUNTS_H

#include "webhook/mutate/bounds.h"
#include "webhook/mutate/tree.h"

#define AMOUNTS_MAX 12

struct amount {
	const char *name;
	double request, limit;
	bool has_limit;
	struct json_object *request_as,
	        *limit_as; /* as somebody wrote it; NULL: print the number */
};

struct amounts {
	struct amount items[AMOUNTS_MAX];
	size_t count;
	bool overflows;
};

/* Start from `limits` and `requests` (objects of quantities, or NULL), none above `pod_limits`.
 * cpu and memory are always there, with a request of 0 at least: an absent one becomes the limit,
 * and an autoscaler fails on it. */
void amounts_load(struct amounts *amounts, struct json_object *limits, struct json_object *requests,
                  struct json_object *pod_limits);

/* No limit: an explicit 0 for cpu and memory, which counts as none in every sum. */
void amounts_free_of_limits(struct amounts *amounts);

/* Fit them into `bounds` by the smallest change.  Returns false when nothing fits, with `detail`
 * saying what does not. */
bool amounts_fit(struct amounts *amounts, const struct bounds *bounds,
                 struct json_object *pod_limits, char *detail, size_t cap);

/* The amount of `name`; added with a request of 0 and no limit when it is not there.  NULL when
 * there are too many. */
struct amount *amounts_of(struct amounts *amounts, const char *name);

/* {"requests":{...},"limits":{...}}; no limits where there are none. */
struct json_object *amounts_json(const struct amounts *amounts, struct tree_build *build);

#endif
