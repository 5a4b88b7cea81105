/* judge.h - whether a pod that runs is guarded as it stands, container by container.
 *
 * Why      A pod that should be guarded and is not looks like any other.  What it should be is
 *          the webhook's own decision; what it is, its spec says: an annotation may be forged.
 * Owns     Nothing: names point into the pod.
 * Limits   PLAN_CONTAINERS_MAX containers.
 * Threads  Pure.
 */
#ifndef FARGUARD_MUTATE_JUDGE_H
#define FARGUARD_MUTATE_JUDGE_H

#include "webhook/mutate/plan.h"

#define JUDGE_WORKLOAD_MAX 320

/* Why a container that would be covered is not: words beside the contract's. */
#define JUDGE_STARTED_BEFORE "started-before" /* nothing of ours is in the pod */
#define JUDGE_INCOMPLETE     "incomplete"     /* something of ours is missing in it */

struct judge_container {
	const char *name;
	bool is_guarded;
	bool is_chosen; /* somebody decided that it is not: an annotation or the configuration */
	const char *reason; /* not guarded */
};

struct judge {
	enum reason reason; /* the webhook's, for a pod like this; REASON_ALREADY_INJECTED: ours
	                       stand in it */
	bool is_wanted;     /* somebody asked for it to be injected */
	char detail[PLAN_DETAIL_MAX];
	char workload[JUDGE_WORKLOAD_MAX];                      /* "Deployment/web", "Pod/NAME" */
	size_t count;                                           /* 0 when the reason is another */
	struct judge_container containers[PLAN_CONTAINERS_MAX]; /* the pod's, not ours */
};

/* Judge `pod`, which is borrowed.  The containers are set for REASON_INJECTED (none of ours stands
 * in it), REASON_ALREADY_INJECTED and REASON_NO_CONTAINER_SELECTED. */
void judge_pod(const struct policy *policy, const struct mutate_context *context,
               struct json_object *pod, struct judge *out);

#endif
