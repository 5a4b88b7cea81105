/* handoff.c - SCM_RIGHTS, unix(7). */
#include "injector/launch/handoff.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

int handoff_send(int sock, const void *bytes, size_t len, int fd)
{
	union control control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)),
	                                  .cmsg_level = SOL_SOCKET,
	                                  .cmsg_type = SCM_RIGHTS}};
	struct iovec iov = {(void *)(size_t)bytes, len};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	if (sendmsg(sock, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}

static int receive(int sock, int flags)
{
	union control control;
	char byte;
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov,
	                         .msg_iovlen = 1,
	                         .msg_control = &control,
	                         /* Not the room with its padding: two would fit. */
	                         .msg_controllen = CMSG_LEN(sizeof(int))};
	ssize_t n = recvmsg(sock, &message, MSG_CMSG_CLOEXEC | flags);
	int fd;

	if (n < 0)
		return -errno;
	if (message.msg_controllen < sizeof(control.head) ||
	    control.head.cmsg_level != SOL_SOCKET || control.head.cmsg_type != SCM_RIGHTS ||
	    control.head.cmsg_len != CMSG_LEN(sizeof(int)))
		return -EBADMSG;
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	/* A datagram of no bytes, or with more descriptors than were taken, is none of ours. */
	if (n != 1 || message.msg_flags & MSG_CTRUNC) {
		close(fd);
		return -EBADMSG;
	}
	return fd;
}

int handoff_receive(int sock)
{
	return receive(sock, 0);
}

int handoff_peek(int sock)
{
	return receive(sock, MSG_PEEK | MSG_DONTWAIT);
}
