/* plan.h - what is to be done to one pod, before any operation is written.
 *
 * Owns     What was looked up of images, until plan_done(); names point into the pod and the
 * policy. Limits   PLAN_CONTAINERS_MAX containers of all kinds; a pod with more is left alone.
 */
#ifndef FARGUARD_MUTATE_PLAN_H
#define FARGUARD_MUTATE_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "webhook/mutate/amounts.h"
#include "webhook/mutate/mutate.h"

#define PLAN_CONTAINERS_MAX 256
#define PLAN_WARNINGS_MAX   16
#define PLAN_DETAIL_MAX     160

struct plan_container {
	struct json_object *spec;
	const char *name;
	bool init, sidecar;
	size_t index; /* in its list, as it stands in the pod */
	bool has_command, wrapped;
	bool etc_mounted; /* a volume of its own where the loader looks for ld.so.preload */
	bool selected, covered;
	const char *how; /* covered */
	bool looked_up;  /* `image` is to be wrapped */
	struct mutate_image image;
	const char *reason; /* not covered */
};

struct plan {
	const struct policy *policy;
	const struct mutate_context *context;
	struct json_object *pod, *metadata, *spec;
	size_t count;
	/* Ours, as they stand in the pod already; indexes into their lists, -1: not there. */
	long install, agent, sidecar_agent;
	bool volume, no_token_volume, spool_volume;
	enum policy_pid1 pid1; /* of what is wrapped now */
	bool as_sidecar;       /* the agent goes into initContainers */
	bool is_wanted;        /* somebody asked for this pod to be injected */
	struct {
		struct amounts install, agent; /* set for what the pod lacks */
	} ours;
	const char *restart_policy;
	const char *warnings[PLAN_WARNINGS_MAX]; /* the contract's words */
	size_t warning_count;
	char detail[PLAN_DETAIL_MAX];
	char unknown[PLAN_DETAIL_MAX]; /* the annotation value that is not known */
	struct plan_container containers[PLAN_CONTAINERS_MAX]; /* `count` of them are set */
};

/* Everything but the containers set; all three are borrowed. */
void plan_init(struct plan *plan, const struct policy *policy, const struct mutate_context *context,
               struct json_object *pod);

/* Look at the pod and decide.  REASON_INJECTED: inject it, or, where parts of ours stand in it, put
 * what is missing; any other: leave it alone, `detail` may say more. */
enum reason plan_make(struct plan *plan);

/* Ours stand in the pod. */
static inline bool plan_is_repair(const struct plan *plan)
{
	return plan->install >= 0 || plan->agent >= 0 || plan->sidecar_agent >= 0;
}

/* Note a warning of the contract, once. */
void plan_warn(struct plan *plan, const char *word);

void plan_done(struct plan *plan);

/* An annotation of the pod, or the label of the same name; NULL for none. */
const char *plan_word(const struct plan *plan, const char *key);

/* Whether one of the shell globs fits `name`. */
bool plan_matches(const struct policy_list *globs, const char *name);

/* Whether the pod is bound for Fargate by its label or its scheduler. */
bool plan_is_fargate(const struct plan *plan);

/* Whether a container of ours by its command, not only by its name. */
bool plan_is_install(struct json_object *container);
bool plan_is_agent(struct json_object *container);

/* Who is PID 1 of a container that is wrapped now.  One that only runs to its end leaves its
 * records behind, which the launcher does as PID 1 alone. */
enum policy_pid1 plan_pid1(const struct plan *plan, const struct plan_container *c);

/* Whether `container` (a pod's) has our wrap in front of its command. */
bool plan_is_wrapped(struct json_object *container);

#endif
