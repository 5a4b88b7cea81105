/* agent.h - the pod's one reporter: rings in, lines out.
 *
 * Why      One thread, one loop: what one container floods must not starve another.
 * Owns     Everything that the agent knows; one static object, nothing is allocated.
 * Threads  One.
 */
#ifndef FARGUARD_AGENT_AGENT_H
#define FARGUARD_AGENT_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "injector/agent/config.h"
#include "injector/agent/containers.h"
#include "injector/agent/ends.h"
#include "injector/agent/peer.h"
#include "injector/agent/sink.h"
#include "injector/agent/spool.h"
#include "injector/proc/proc.h"

/* Of what no container is to blame for, or whose container is not known any more; the rest stands
 * in struct container. */
enum lost { LOST_RING, LOST_AGENT, LOST_SINK, LOST_RATE, LOST_END };
static_assert(LOST_END == STATE_LOST_KINDS, "all of them are kept");

struct agent {
	struct config config;
	struct containers containers;
	struct ends ends;
	struct state_page *state;
	struct sink sink;
	struct peers peers;
	struct proc_table procs;
	struct spool spool;
	uint64_t now_ns;    /* CLOCK_MONOTONIC, once a turn */
	uint64_t listen_ns; /* since when the socket is ours */
	uint64_t start_ns, heartbeat_ns, drop_ns, spool_ns, bind_ns;
	uint64_t lost[LOST_END], lost_told[LOST_END];
	uint64_t events;
	int listen_fd, signal_fd;
	bool bind_told, coverage_told, stopping;
	char kernel[72];
};

/* Run until there is nothing left to report; the descriptors and the sink are set up.  Returns
 * the reason for the goodbye. */
const char *agent_run(struct agent *agent);

/* Whether rings are to be read now: the log takes lines, or has taken none for too long. */
bool agent_may_read(const struct agent *agent);

/* Take the socket's name; tried again later when another agent has it. */
void agent_listen(struct agent *agent);

#endif
