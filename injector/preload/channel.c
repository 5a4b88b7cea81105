/* channel.c - connect to the launcher, take the ring's descriptor, map it, close everything. */
#include "injector/preload/channel.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "injector/base/contract.h"
#include "injector/preload/sys.h"
#include "injector/preload/text.h"

static struct ring_shared *mapped;

struct ring_shared *channel_ring(void)
{
	return mapped;
}

/* The launcher's abstract address in `out`; returns its length, or 0. */
static size_t launcher_address(struct sockaddr_un *out)
{
	char link[64], digits[32];
	long n = SYS4(readlinkat, AT_FDCWD, "/proc/self/ns/mnt", link, sizeof(link) - 1);
	size_t len, i, d = 0;

	if (n <= 0)
		return 0;
	for (i = 0; i < (size_t)n && d + 1 < sizeof(digits); i++)
		if (link[i] >= '0' && link[i] <= '9')
			digits[d++] = link[i];
	digits[d] = '\0';
	out->sun_family = AF_UNIX;
	out->sun_path[0] = '\0';
	len = text_append(out->sun_path + 1, 0, sizeof(out->sun_path) - 1,
	                  CONTRACT_RING_SOCKET_PREFIX);
	len = text_append(out->sun_path + 1, len, sizeof(out->sun_path) - 1, digits);
	return offsetof(struct sockaddr_un, sun_path) + 1 + len;
}

/* One descriptor from the launcher, or negative. */
static long receive_descriptor(long sock)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov,
	                         .msg_iovlen = 1,
	                         .msg_control = &control,
	                         /* Not the room with its padding: two would fit. */
	                         .msg_controllen = CMSG_LEN(sizeof(int))};
	long n = SYS3(recvmsg, sock, &message, MSG_CMSG_CLOEXEC);

	int fd;

	if (n < 0 || message.msg_controllen < sizeof(control.head) ||
	    control.head.cmsg_level != SOL_SOCKET || control.head.cmsg_type != SCM_RIGHTS ||
	    control.head.cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	fd = *(int *)(void *)CMSG_DATA(&control.head);
	/* A datagram of no bytes, or with more descriptors than were taken, is none of ours. */
	if (n != 1 || message.msg_flags & MSG_CTRUNC) {
		SYS1(close, fd);
		return -1;
	}
	return fd;
}

/* Map `fd` if it is a ring that nobody can shrink under us. */
static struct ring_shared *map_ring(long fd)
{
	const long seals = F_SEAL_SHRINK | F_SEAL_GROW;
	struct stat st;
	struct ring_shared *ring;
	long map;

	if (SYS2(fstat, fd, &st) < 0 || st.st_size != RING_BYTES)
		return NULL;
	if ((SYS3(fcntl, fd, F_GET_SEALS, 0) & (seals | (1l << 62))) != seals)
		return NULL;
	map = SYS6(mmap, 0, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (sys_is_error(map))
		return NULL;
	ring = (struct ring_shared *)map;
	if (ring->magic != RING_MAGIC || ring->version != RING_VERSION) {
		SYS2(munmap, map, RING_BYTES);
		return NULL;
	}
	return ring;
}

/* The process that listens, 0 when it is none that this one could see: another container's. */
static int listener_of(long sock)
{
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);

	return SYS5(getsockopt, sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 ? peer.pid : 0;
}

enum channel_state channel_open(void)
{
	/* A full queue of connections and a launcher that does not answer are both waited for. */
	static const struct timeval wait = {0, CHANNEL_WAIT_MS * 1000};
	enum channel_state state = CHANNEL_NONE;
	struct sockaddr_un address;
	size_t len = launcher_address(&address);
	long sock, fd;

	if (!len)
		return CHANNEL_NONE;
	sock = SYS3(socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return CHANNEL_NONE;
	SYS5(setsockopt, sock, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	SYS5(setsockopt, sock, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (SYS3(connect, sock, &address, len) == 0) {
		int listener = listener_of(sock);

		if (listener <= 0) {
			state = CHANNEL_FOREIGN;
		} else if ((fd = receive_descriptor(sock)) >= 0) {
			mapped = map_ring(fd);
			SYS1(close, fd);
			state = mapped ? CHANNEL_OPEN : CHANNEL_NONE;
		}
		if (listener > 0 && listener == SYS0(getpid))
			state = CHANNEL_OWN;
	}
	SYS1(close, sock);
	return state;
}
