/* locker.h - one descriptor, kept for whoever holds the locker next.
 *
 * Why      A worker's connection to the agent must not end with the worker: to the agent that
 *          would be the end of the container.  A descriptor that was sent over a socket and not
 *          received yet stays open, whatever becomes of its sender.
 * Owns     A pair of sockets that the first process holds and each worker inherits.
 */
#ifndef FARGUARD_LAUNCH_LOCKER_H
#define FARGUARD_LAUNCH_LOCKER_H

struct locker {
	int in, out;
};

/* Make an empty one.  Returns 0 or -errno, and then holds nothing. */
int locker_open(struct locker *locker);
void locker_close(struct locker *locker);

/* Keep a duplicate of `fd` behind what is kept already.  0 or -errno. */
int locker_put(const struct locker *locker, int fd);

/* A duplicate, close-on-exec, of what was put first, which stays; -EAGAIN when there is nothing. */
int locker_look(const struct locker *locker);

/* Close what was put first. */
void locker_drop(const struct locker *locker);

#endif
