/* keeper.h - the worker's life, in the first process.
 *
 * Why      Whoever kills, stops or crashes the worker gets a new one; until that is there, the
 *          first process answers those who wait for the ring, which takes no look at what they
 *          send.
 * Limits   The first new one comes at once; one that did not last is followed after 100 ms,
 *          doubling to 10 s (backoff.h).
 */
#ifndef FARGUARD_LAUNCH_KEEPER_H
#define FARGUARD_LAUNCH_KEEPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "injector/launch/backoff.h"
#include "injector/launch/estate.h"

struct keeper {
	struct estate *estate; /* NULL: there is no work, an exec session's launcher has joined */
	pid_t worker;          /* 0 while there is none */
	bool started;          /* once, at least */
	bool done;             /* the worker ended as it should */
	uint64_t began_ms, due_ms;
	struct backoff backoff;
};

/* Start a worker, if one is missing and due, else do what cannot wait for it. */
void keeper_turn(struct keeper *keeper);

/* Milliseconds until keeper_turn() has something to do; -1 while there is nothing. */
int keeper_wait(const struct keeper *keeper);

/* waitpid(2) has said `wait_status` of `pid`; false when that is not the worker's. */
bool keeper_heard(struct keeper *keeper, pid_t pid, int wait_status);

/* Start a worker now.  Returns 0 or -errno. */
int keeper_start(struct keeper *keeper);

#endif
