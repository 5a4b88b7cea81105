/* signals.h - every signal that a process can catch, the C library's own two included.
 *
 * Why      sigprocmask(3) hides signals 32 and 33, which the C library uses for itself: the
 *          program would start with another mask than the runtime gave it.
 */
#ifndef FARGUARD_LAUNCH_SIGNALS_H
#define FARGUARD_LAUNCH_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct signalfd_siginfo;

/* A mask as the kernel has it: bit N - 1 is signal N. */
struct signals_mask {
	uint64_t bits;
};

/* Block everything; `*out` is what was blocked before. */
void signals_block(struct signals_mask *out);
/* Have `mask` again; SIGPIPE and SIGXFSZ that our own writes made are forgotten. */
void signals_restore(const struct signals_mask *mask);

/* Have `number`, any of the kernel's, do what it does by default. */
void signals_default(int number);

/* Whether signals_wait() works here: 0 or -errno.  Takes no signal. */
int signals_check(void);

/* Wait for a blocked signal without a descriptor, `wait_ms` at most (-1: without end).  False when
 * none came. */
bool signals_wait(struct signalfd_siginfo *out, int wait_ms);

/* Whether `info` is to be passed on to the program.  Not what the kernel says about our own
 * children, limits and writes, nor what it or the terminal sent to the process group that the
 * program shares. */
bool signals_concern(const struct signalfd_siginfo *info, bool same_group);

/* Pass `info` on to `program` if it concerns it: with its value and sender if it was queued, as the
 * program's user where we may not. */
void signals_pass(pid_t program, const struct signalfd_siginfo *info);

/* The same; as process 1, only what the program would have been given in our place. */
void signals_forward(pid_t program, const struct signalfd_siginfo *info);

#endif
