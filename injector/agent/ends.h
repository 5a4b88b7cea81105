/* ends.h - whether what a pod's agent waits for has ended for good.
 *
 * Why      A Job is over when its last container is: an agent that stays holds it up, one that
 *          leaves too early does not see what a container does that comes back.  In doubt it
 * leaves: the Job matters more.
 */
#ifndef FARGUARD_AGENT_ENDS_H
#define FARGUARD_AGENT_ENDS_H

#include <stdbool.h>
#include <stdint.h>

#include "injector/agent/containers.h"

struct ends {
	/* Somebody else had the agent's socket and may have heard what was meant for us. */
	bool deaf;
	uint64_t since_ns;                   /* the first time that was asked; 0: not yet */
	uint64_t unknown_ns[CONTAINERS_MAX]; /* when a container was first seen gone, its status not
	                                      */
};

/* Whether all containers that a restart policy waits for have ended for good at `now_ns`.
 * `overdue`: those that could have said hello by now and did not, will not; nor will those that may
 * wait for their image, where we were deaf. */
bool ends_all(struct ends *ends, const struct containers *containers, enum restart_policy policy,
              bool overdue, uint64_t now_ns);

/* Whether a container that an agent before this one heard may still run: it has not come back. */
bool ends_awaited(const struct containers *containers);

#endif
