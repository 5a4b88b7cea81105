/* own.h - who releases what: scope-bound cleanup and explicit hand-over.
 *
 * A local marked CLEANUP is released when its scope ends, on every path.
 * To hand it to someone else, TAKE it: the local becomes empty and its
 * cleanup does nothing.  Every cleanup function accepts the empty value.
 */
#ifndef FARGUARD_BASE_OWN_H
#define FARGUARD_BASE_OWN_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Move a pointer out of `p`, leaving NULL behind. */
#define TAKE(p)                                                                                    \
	__extension__({                                                                            \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})

/* Move a descriptor out of `*fd`, leaving -1 behind. */
static inline int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* CLEANUP for a descriptor; keeps errno, so it may run on an error path. */
static inline void fd_closep(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

/* CLEANUP for anything malloc returned. */
static inline void mem_freep(void *pp)
{
	free(*(void **)pp);
}

#endif
