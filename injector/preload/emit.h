/* emit.h - say into the ring what this process did.
 *
 * Threads  Any, also signal handlers and vfork children: nothing is buffered or allocated.
 * Errors   None: without a ring, or with a full one, nothing happens (the ring counts).
 */
#ifndef FARGUARD_PRELOAD_EMIT_H
#define FARGUARD_PRELOAD_EMIT_H

#include <stddef.h>
#include <stdint.h>

/* Who executes what.  `path` may be relative to `dirfd` (AT_FDCWD: the working directory). */
struct emit_exec {
	uint16_t kind, flags; /* enum record_kind, enum record_flag */
	int32_t pid;          /* 0: this process */
	uint64_t time_ns;     /* 0: now */
	int dirfd;
	const char *path;
	char *const *argv;
};

/* CLOCK_REALTIME in nanoseconds. */
uint64_t emit_now(void);

/* EXEC_TRY or EXEC_DONE.  Pointers may be bad: what cannot be read is left out. */
void emit_exec(const struct emit_exec *exec);

/* EXEC_FAIL: the exec that was tried last failed with `result` (negative errno). */
void emit_exec_failed(int result);

/* OPEN with its result: a descriptor, or a negative errno. */
void emit_open(int dirfd, const char *path, int flags, uint32_t mode, int result);

/* CONNECT with its result: 0 or a negative errno. */
void emit_connect(const void *address, size_t len, int result);

#endif
