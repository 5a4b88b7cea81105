/* explain.h - mutate_pod(), with everything that a person may ask about its answer.
 *
 * Why      The patch says what is done; people ask why, what each container gets, and what it
 *          costs.  The decision is mutate_pod()'s own, so the two cannot differ.
 * Owns     What it points to, until explain_done(); names are those of the pods in it.
 * Limits   PLAN_CONTAINERS_MAX containers, ours aside.
 * Threads  Pure.
 */
#ifndef FARGUARD_MUTATE_EXPLAIN_H
#define FARGUARD_MUTATE_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "webhook/mutate/fargate.h"
#include "webhook/mutate/mutate.h"
#include "webhook/mutate/plan.h"

/* Ours, and one more that shows that there are too many. */
#define EXPLAIN_CONTAINERS_MAX (PLAN_CONTAINERS_MAX + 3)

struct explain_container {
	const char *name;
	bool init, sidecar;
	bool ours;   /* Farguard's; it is not covered, it covers */
	bool is_new; /* ours, and not in the pod as it was given */
	bool covered;
	const char *pid1;   /* covered: "farguard" or "program", NULL for auto */
	const char *how;    /* covered */
	const char *reason; /* not covered: the container's word, else the pod's */
	struct fargate_requests requests;
};

/* What Fargate makes of a pod. */
struct explain_size {
	struct fargate_sums sums;
	struct fargate_size size; /* 0: there is none so large */
	double month;             /* USD by the configuration's prices */
};

struct explain {
	struct mutate_result result;
	bool guarded;    /* the pod has Farguard, or will have it */
	bool has_spec;   /* the rest is set: the pod has a pod's shape */
	bool is_fargate; /* the pod is bound for Fargate by what it says */
	struct json_object *pod_before, *pod_after;                  /* without and with Farguard */
	struct explain_container containers[EXPLAIN_CONTAINERS_MAX]; /* in the order they start */
	size_t count;
	struct explain_size before, after;
	const char *refused; /* what Fargate refuses in it, or NULL */
};

/* Explain what mutate_pod() does to `pod`. */
void explain_pod(const struct policy *policy, const struct mutate_context *context,
                 struct json_object *pod, struct explain *out);
void explain_done(struct explain *explain);

#endif
