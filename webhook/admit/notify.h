/* notify.h - wait for a file to change, whatever way it is replaced.
 *
 * Why      The kubelet swaps a link beside the file, editors rename or write in place, and some
 *          file systems tell nothing: the directory is watched, and the wait also ends by time.
 * Owns     Its descriptors, until notify_close().
 * Limits   NOTIFY_SETTLE_MS without a further change before one is reported, so that a file is
 *          not read while it is written; NOTIFY_SETTLE_MS_MAX when changes do not end.
 * Threads  notify_wait() from one; notify_wake() and notify_stop() from any.
 */
#ifndef FARGUARD_ADMIT_NOTIFY_H
#define FARGUARD_ADMIT_NOTIFY_H

#include <stdatomic.h>
#include <stdbool.h>

#define NOTIFY_SETTLE_MS     100
#define NOTIFY_SETTLE_MS_MAX 2000
#define NOTIFY_PATH_MAX      1024

struct err;

struct notify {
	int inotify_fd, event_fd; /* inotify_fd is -1 where the kernel gives none */
	int watch;                /* of the directory; -1 while there is none */
	atomic_bool is_stopped;
	char directory[NOTIFY_PATH_MAX];
};

/* Watch the directory of `path`.  One that cannot be watched is no failure: then only time tells.
 * Returns 0 or -errno. */
int notify_open(struct notify *notify, const char *path, struct err *err);
void notify_close(struct notify *notify);

/* Wait for a change, notify_wake(), or `ms`; returns false once stopped. */
bool notify_wait(struct notify *notify, int ms);

void notify_wake(struct notify *notify);
void notify_stop(struct notify *notify);

#endif
