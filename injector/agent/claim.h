/* claim.h - who speaks in a container's name, and what of it is believed.
 *
 * Why      Nothing tells the agent which container a peer lives in: it has a PID namespace of its
 *          own, and the pod's containers share users and network.  It knows how many speak in a
 *          name, who was first, which ring is whose (its inode outlives an agent), and what the pod
 *          lists.  So: the first keeps its place whatever comes after it; who comes later is heard
 *          too, apart from it; and the container is reported as contested, with all that is said
 *          in its name.
 * Limits   One first a listed container; CLAIMS_SHARED_MAX, CLAIMS_OTHER_MAX others.  Of those,
 *          users share the places: many of one user give way to one of another.
 */
#ifndef FARGUARD_AGENT_CLAIM_H
#define FARGUARD_AGENT_CLAIM_H

#include <stdbool.h>

#include "injector/event/hello.h"

struct agent;
struct peer;

/* A silent peer offers `ring_fd` (the caller's) in a container's name.  False: it is not heard. */
bool claim_start(struct agent *agent, struct peer *peer, const struct hello *hello, int ring_fd);

/* A live peer says hello again: its worker was replaced.  False: not in the same name. */
bool claim_again(struct agent *agent, struct peer *peer, const struct hello *hello);

/* A live peer says that the program has ended.  False: it has said so before. */
bool claim_end(struct peer *peer, const struct hello *hello);

/* A live peer is gone: read out its ring; its container has ended when nobody else speaks for it.
 */
void claim_leave(struct agent *agent, struct peer *peer);

/* Take a contested container for ended, CLAIM_HOLD_NS after one of its claims has said so, where
 * the others may be held by somebody whose own container keeps no pod from completing. */
void claim_settle(struct agent *agent);

#endif
