/* host.c - the ring socket, on both its ends. */
#include "injector/launch/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "injector/base/clock.h"
#include "injector/base/own.h"
#include "injector/launch/address.h"
#include "injector/launch/fds.h"
#include "injector/launch/handoff.h"

/* Everything that the container starts asks at once; the kernel cuts it to net.core.somaxconn. */
#define BACKLOG      4096
#define JOIN_WAIT_US 200000
#define YOUNG_MS     1000

/* A fifth of a second, as anybody waits for the ring. */
#define GIVE_WAY_MS    5
#define GIVE_WAY_TRIES 40

static int sequenced_socket(int flags)
{
	return fd_high(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0));
}

/* The ring of the launcher that serves this mount namespace; -ECONNREFUSED when there is none. */
static int join(struct host *host, const struct sockaddr_un *address, socklen_t len)
{
	const struct timeval wait = {0, JOIN_WAIT_US};
	CLEANUP(fd_closep) int sock = sequenced_socket(0);
	CLEANUP(fd_closep) int fd = -1;
	int err;

	if (sock < 0)
		return -errno;
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(sock, (const struct sockaddr *)address, len) < 0)
		return -errno;
	/* A process of another container is none that we can see. */
	if (address_peer(sock) <= 0)
		return -EPERM;
	fd = handoff_receive(sock);
	if (fd < 0)
		return fd;
	err = ring_open(&host->ring, fd);
	host->joined = err == 0;
	return err;
}

/* Whether this container's process 1 is not older than YOUNG_MS; field 22 of proc_pid_stat(5). */
static bool is_young(void)
{
	CLEANUP(fd_closep) int fd = open("/proc/1/stat", O_RDONLY | O_CLOEXEC);
	char text[1024], *at;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	unsigned long long began_ms;
	int field;

	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')'); /* the name before it, field 2, may hold spaces */
	for (field = 2; at && field < 22; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		return false;
	began_ms = strtoull(at, NULL, 10) * 1000 / (unsigned long long)sysconf(_SC_CLK_TCK);
	return clock_ns(CLOCK_BOOTTIME) / 1000000 < began_ms + YOUNG_MS;
}

static int hear(struct host *host, const struct sockaddr_un *address, socklen_t len)
{
	CLEANUP(fd_closep) int sock = sequenced_socket(SOCK_NONBLOCK);

	if (sock < 0)
		return -errno;
	if (bind(sock, (const struct sockaddr *)address, len) < 0 || listen(sock, BACKLOG) < 0)
		return -errno;
	host->listener = fd_take(&sock);
	return 0;
}

static int create(struct host *host)
{
	CLEANUP(fd_closep) int fd = -1;
	int err = ring_create(&fd);

	if (err < 0)
		return err;
	fd = fd_high(fd);
	err = fd < 0 ? -EMFILE : ring_open(&host->ring, fd);
	if (err < 0)
		return err;
	host->ring_fd = fd_take(&fd);
	return 0;
}

/* As join().  A postStart hook begins when the entrypoint does, and may be faster: it gives way. */
static int join_soon(struct host *host, const struct sockaddr_un *address, socklen_t len,
                     bool session)
{
	const struct timespec pause = {0, GIVE_WAY_MS * 1000000};
	int err = join(host, address, len), tries;

	for (tries = 0; session && err == -ECONNREFUSED && tries < GIVE_WAY_TRIES && is_young();
	     tries++) {
		nanosleep(&pause, NULL);
		err = join(host, address, len);
	}
	return err;
}

bool host_listen(struct host *host)
{
	struct sockaddr_un address;
	socklen_t len = address_of_ring(&address);

	return len && hear(host, &address, len) == 0;
}

int host_open(struct host *host, bool session)
{
	struct sockaddr_un address;
	socklen_t len = address_of_ring(&address);
	int err;

	*host = (struct host){.ring_fd = -1, .listener = -1};
	if (!len)
		return -ENOENT;
	err = getpid() == 1 ? -ECONNREFUSED : join_soon(host, &address, len, session);
	if (err == -ECONNREFUSED) {
		err = hear(host, &address, len);
		if (err == -EADDRINUSE) /* two sessions began at once: the other was first */
			err = getpid() == 1 ? -EPERM : join(host, &address, len);
	}
	if (host->listener >= 0 || err == -EPERM)
		err = create(host);
	if (err < 0)
		host_close(host);
	return err;
}

void host_close(struct host *host)
{
	ring_close(&host->ring);
	fd_closep(&host->ring_fd);
	fd_closep(&host->listener);
}

bool host_serve(struct host *host)
{
	unsigned i;

	for (i = 0; i < HOST_TURN; i++) {
		int client = accept4(host->listener, NULL, NULL, SOCK_CLOEXEC);

		if (client < 0)
			return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED;
		/* Another container of the pod would write records in this one's name.  Who is
		 * gone already, or whose socket is full, does without. */
		if (address_peer(client) > 0)
			(void)handoff_send(client, "", 1, host->ring_fd);
		close(client);
	}
	return true;
}
