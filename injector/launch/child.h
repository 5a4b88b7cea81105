/* child.h - start the program as the runtime would have started it.
 *
 * Owns     The terminal is handed over; signals go back to what they were.
 */
#ifndef FARGUARD_LAUNCH_CHILD_H
#define FARGUARD_LAUNCH_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "injector/launch/signals.h"

struct child_start {
	const char *file;
	char *const *argv;
	char *const *envp;        /* tried first */
	char *const *envp_plain;  /* tried when the first is too long for the kernel, or NULL */
	struct signals_mask mask; /* to restore */
	bool tied;                /* dies with us: nobody else would end it */
	bool reaper;              /* is a subreaper, as PID 1 would be */
	/* Called in the child before it executes, so that its word stands in front of the program's
	 * own, and again when it cannot. */
	void (*note)(const struct child_start *start, bool failed);
	const void *note_ctx;
};

/* Start it.  Returns its pid once it executes; -errno of fork(2); or, with `*out_exec_error` set to
 * a positive errno, 0 when the file could not be executed. */
pid_t child_start(const struct child_start *start, int *out_exec_error);

#endif
