/* locker.c - a message that is looked at and not taken: MSG_PEEK, recvmsg(2), duplicates its
 * descriptors. */
#include "injector/launch/locker.h"

#include <errno.h>
#include <sys/socket.h>

#include "injector/base/own.h"
#include "injector/launch/fds.h"
#include "injector/launch/handoff.h"

int locker_open(struct locker *locker)
{
	int pair[2];

	*locker = (struct locker){-1, -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -errno;
	*locker = (struct locker){fd_high(pair[0]), fd_high(pair[1])};
	if (locker->in >= 0 && locker->out >= 0)
		return 0;
	locker_close(locker);
	return -EMFILE;
}

void locker_close(struct locker *locker)
{
	fd_closep(&locker->in);
	fd_closep(&locker->out);
}

int locker_put(const struct locker *locker, int fd)
{
	return handoff_send(locker->in, "", 1, fd);
}

int locker_look(const struct locker *locker)
{
	return handoff_peek(locker->out);
}

void locker_drop(const struct locker *locker)
{
	char byte;

	/* Without room for it, the kernel closes the descriptor. */
	(void)recv(locker->out, &byte, 1, MSG_DONTWAIT);
}
