/* beside.h - the other shape: the program is PID 1, and the launcher an orphan beside it.
 *
 * Why      Some programs insist on being PID 1.  What the launcher would do as the parent is lost:
 *          nobody hears the program's end, for the kernel ends all that is left of a PID namespace
 *          with its PID 1.
 * Limits   PID 1 has one child that it did not start.  It is there until the end, or until it was
 *          told to end and nothing else is left: an init that waits for the last of all processes
 *          is not kept waiting.
 */
#ifndef FARGUARD_LAUNCH_BESIDE_H
#define FARGUARD_LAUNCH_BESIDE_H

#include "injector/launch/estate.h"

#define BESIDE_NAME "farguard" /* as ps(1) shows it */

/* Fork the orphan, which keeps the worker, and reap the process in between; the caller can execute
 * the program then.  Returns 0 or -errno. */
int beside_start(struct estate *estate);

#endif
