/* loop.h - what the launcher does while the program runs: signals, ends, the ring, the agent. */
#ifndef FARGUARD_LAUNCH_LOOP_H
#define FARGUARD_LAUNCH_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "injector/launch/agentlink.h"
#include "injector/launch/host.h"
#include "injector/launch/spool.h"

struct loop {
	int signals; /* signalfd with everything that can be caught */
	pid_t program;
	bool stops;             /* a shell's job control is above us: stop with the program */
	uint64_t deaf_until_ms; /* the ring socket rests: no descriptor was free to answer it */
	struct host *host;
	struct agentlink link;
	struct spool spool;
	bool told; /* to end: SIGTERM and its like came */
};

/* Serve until the program ends; returns its wait status. */
int loop_run(struct loop *loop);

/* Tell the agent, or leave the records behind.  An agent that was never reached is waited for,
 * LOOP_LINGER_MS at most: a pod starts its containers one after the other.  Who was told to end
 * waits LOOP_LINGER_TOLD_MS. */
void loop_finish(struct loop *loop, int wait_status);
#define LOOP_LINGER_MS      10000
#define LOOP_LINGER_TOLD_MS 300

#endif
