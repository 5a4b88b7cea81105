/* speak.h - what the agent says, each through the sink or counted as lost. */
#ifndef FARGUARD_AGENT_SPEAK_H
#define FARGUARD_AGENT_SPEAK_H

#include "injector/agent/agent.h"

/* `reason` NULL: hello. */
void speak_hello(struct agent *agent, const char *reason);

/* What the first who speaks in the container's name has said, and, unless NULL, in a sentence why
 * it is contested. */
void speak_covered(struct agent *agent, const struct container *container, const char *why);

/* What FARGUARD_CONTAINERS says is not covered. */
void speak_uncovered(struct agent *agent);

/* Which containers should have said hello by now and did not. */
void speak_missing(struct agent *agent);

/* Nobody can be heard: another process of the pod has the socket's name. */
void speak_deaf(struct agent *agent);

void speak_heartbeat(struct agent *agent);

/* What was lost since the last time. */
void speak_drops(struct agent *agent);

/* A proc_emit; `ctx` is the agent. */
void speak_event(void *ctx, const struct proc_event *event);

#endif
