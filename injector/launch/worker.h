/* worker.h - the process beside the program that does what can go wrong: it answers whoever asks
 * for the ring, tells the agent, and writes the spool.
 *
 * Why      What strangers reach and what needs the agent is not done by the first process, whose
 *          end is the container's.  If a worker dies, the next one goes on from the estate.
 * Owns     Nothing that outlives it.
 */
#ifndef FARGUARD_LAUNCH_WORKER_H
#define FARGUARD_LAUNCH_WORKER_H

#include <sys/types.h>

#include "injector/launch/estate.h"

#define WORKER_NAME "farguard-worker" /* as ps(1) shows it; the kernel keeps 15 bytes */

/* In the child of process `first`: be the worker.  Ends with 0 once the program has ended and all
 * is said, with 1 when it cannot go on. */
void worker_run(struct estate *estate, pid_t first) __attribute__((noreturn));

/* In the first process, when no worker can be had: say the end, and wait for nobody. */
void worker_finish_here(struct estate *estate);

#endif
