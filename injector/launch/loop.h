/* loop.h - what the first process does: it passes signals on, reaps, and keeps a worker. */
#ifndef FARGUARD_LAUNCH_LOOP_H
#define FARGUARD_LAUNCH_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "injector/launch/host.h"
#include "injector/launch/keeper.h"

struct loop {
	pid_t program;
	bool stops; /* a shell's job control is above us: stop with the program */
	bool told;  /* to end: SIGTERM and its like came */
	uint64_t began_ms;
	struct host *host;
	struct keeper keeper;
};

/* Serve until the program ends; returns its wait status. */
int loop_run(struct loop *loop);

/* Have the agent told, or the records left behind.  An agent that was never reached is waited for
 * until LOOP_LINGER_MS after the program's start: a pod starts its containers one after the other.
 * Who was told to end waits LOOP_LINGER_TOLD_MS.  A worker that has nothing to wait for gets
 * LOOP_SAY_MS. */
void loop_finish(struct loop *loop, int wait_status);
#define LOOP_LINGER_MS      10000
#define LOOP_LINGER_TOLD_MS 300
#define LOOP_SAY_MS         300

#endif
