#include "webhook/admit/notify.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "injector/base/clock.h"
#include "injector/base/err.h"
#include "injector/base/own.h"

#define CHANGES                                                                                    \
	(IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |        \
	 IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB)

/* A directory that was taken away may be back by now. */
static void watch(struct notify *notify)
{
	if (notify->inotify_fd >= 0 && notify->watch < 0)
		notify->watch = inotify_add_watch(notify->inotify_fd, notify->directory,
		                                  CHANGES | IN_ONLYDIR);
}

int notify_open(struct notify *notify, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	*notify = (struct notify){.inotify_fd = -1, .event_fd = -1, .watch = -1};
	if (len >= sizeof(notify->directory))
		return err_set(err, ENAMETOOLONG, "%.150s: the path is too long", path);
	memcpy(notify->directory, path, len);
	if (len == 0)
		notify->directory[len++] = slash ? '/' : '.';
	notify->directory[len] = '\0';
	notify->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (notify->event_fd < 0)
		return err_set(err, errno, "no descriptor: %s", strerror(errno));
	notify->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	watch(notify);
	return 0;
}

void notify_close(struct notify *notify)
{
	fd_closep(&notify->inotify_fd);
	fd_closep(&notify->event_fd);
	notify->watch = -1;
}

/* Read all that is told; what it is does not matter. */
static void drain(struct notify *notify)
{
	_Alignas(struct inotify_event) char bytes[4096];
	ssize_t n;

	while (notify->inotify_fd >= 0 &&
	       (n = read(notify->inotify_fd, bytes, sizeof(bytes))) > 0) {
		for (char *at = bytes; at < bytes + n;) {
			struct inotify_event event;

			memcpy(&event, at, sizeof(event));
			/* The directory itself is gone, or another one stands in its place. */
			if (event.mask & IN_MOVE_SELF)
				inotify_rm_watch(notify->inotify_fd, event.wd);
			if (event.wd == notify->watch && event.mask & (IN_IGNORED | IN_MOVE_SELF))
				notify->watch = -1;
			at += sizeof(event) + event.len;
		}
	}
}

/* Returns whether something came within `ms`. */
static bool wait_once(struct notify *notify, int ms)
{
	struct pollfd fds[] = {{.fd = notify->event_fd, .events = POLLIN},
	                       {.fd = notify->inotify_fd, .events = POLLIN}};
	uint64_t count;
	bool has_come = poll(fds, 2, ms) > 0;

	if (fds[0].revents && read(notify->event_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return false;
	drain(notify);
	return has_come;
}

bool notify_wait(struct notify *notify, int ms)
{
	uint64_t start_ms;

	watch(notify);
	if (!atomic_load(&notify->is_stopped) && wait_once(notify, ms)) {
		start_ms = clock_ms();
		while (!atomic_load(&notify->is_stopped) && wait_once(notify, NOTIFY_SETTLE_MS) &&
		       clock_ms() - start_ms < NOTIFY_SETTLE_MS_MAX)
			continue;
	}
	return !atomic_load(&notify->is_stopped);
}

void notify_wake(struct notify *notify)
{
	uint64_t one = 1;

	/* It cannot fail: the counter is far from its end, and full would wake as well. */
	if (write(notify->event_fd, &one, sizeof(one)) < 0)
		return;
}

void notify_stop(struct notify *notify)
{
	atomic_store(&notify->is_stopped, true);
	notify_wake(notify);
}
