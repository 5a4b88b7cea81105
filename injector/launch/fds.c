/* fds.c - a pipe ends when its last descriptor is closed, and a launcher lives long. */
#include "injector/launch/fds.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "injector/base/own.h"

/* Where close_range(2) (Linux 5.9) is missing or refused, what is beyond stays open. */
#define CLOSE_MAX 1024u

int fd_high(int fd)
{
	int high;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	fd_closep(&fd);
	return high;
}

static void close_between(unsigned first, unsigned last)
{
	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
	for (; first <= last && first < CLOSE_MAX; first++)
		close((int)first);
}

static void sort(int *fds, size_t count)
{
	size_t i, j;

	for (i = 1; i < count; i++) {
		for (j = i; j > 0 && fds[j - 1] > fds[j]; j--) {
			int fd = fds[j];

			fds[j] = fds[j - 1];
			fds[j - 1] = fd;
		}
	}
}

void fds_release(int *keep, size_t count)
{
	CLEANUP(fd_closep) int null = -1;
	unsigned next = STDERR_FILENO + 1;
	size_t i;
	int fd;

	sort(keep, count);
	for (i = 0; i < count; i++) {
		if (keep[i] < (int)next)
			continue;
		close_between(next, (unsigned)keep[i] - 1);
		next = (unsigned)keep[i] + 1;
	}
	close_between(next, ~0u);
	null = fd_high(open("/dev/null", O_RDWR | O_CLOEXEC));
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO && null >= 0; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			dup3(null, fd, O_CLOEXEC);
}
