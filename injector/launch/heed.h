/* heed.h - which signals the program would have been given as process 1.
 *
 * Why      The kernel spares a PID namespace's first process every signal that it neither catches
 *          nor blocks (pid_namespaces(7); sig_task_ignored() in kernel/signal.c).  That one is the
 *          launcher now, so it spares the program the same: a shell that has no trap for SIGTERM
 *          serves to the end of its grace period, as it would without us.
 * Errors   What cannot be found out is passed on.
 */
#ifndef FARGUARD_LAUNCH_HEED_H
#define FARGUARD_LAUNCH_HEED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What /proc/PID/status says of a process' signals; bit N - 1 is signal N. */
struct heed_status {
	uint64_t blocked, caught;
	uint64_t switches; /* how often it has slept */
	uid_t uid;         /* its real one */
};

/* Read the text of a /proc/PID/status; false, with `*out` untouched, when it lacks one of them. */
bool heed_parse(const char *text, struct heed_status *out);

/* The same of a process; false when that cannot be read. */
bool heed_read(pid_t pid, struct heed_status *out);

/* Whether `pid`, were it process 1, would be given signal `number` now.  Takes some microseconds;
 * 10 ms at most, for a program that computes. */
bool heed_signal(pid_t pid, int number);

#endif
