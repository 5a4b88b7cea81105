/* agentlink.c - hello, again whenever the agent comes back. */
#include "injector/launch/agentlink.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "injector/base/contract.h"
#include "injector/base/own.h"
#include "injector/launch/address.h"
#include "injector/launch/fds.h"
#include "injector/launch/handoff.h"

#define BACKOFF_FIRST_MS 20
#define BACKOFF_LAST_MS  1000

static bool is_over(int sock)
{
	char byte;
	ssize_t n = recv(sock, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

/* The connection that an earlier worker left, or -1.  In front of it may lie one that had ended
 * before it was made. */
static int inherited(const struct locker *locker)
{
	int sock;

	while ((sock = locker_look(locker)) >= 0) {
		if (!is_over(sock))
			return fd_high(sock);
		close(sock);
		locker_drop(locker);
	}
	return -1;
}

static void forget(struct agentlink *link)
{
	fd_closep(&link->sock);
	locker_drop(link->locker);
}

static int say_hello(const struct agentlink *link, int sock)
{
	return handoff_send(sock, &link->hello, sizeof(link->hello), link->ring_fd);
}

void agentlink_start(struct agentlink *link, const struct hello *hello, int ring_fd,
                     const struct locker *locker)
{
	*link = (struct agentlink){
	        .sock = inherited(locker), .ring_fd = ring_fd, .locker = locker, .hello = *hello};
	if (link->sock < 0)
		return;
	link->reached = true;
	if (say_hello(link, link->sock) < 0)
		forget(link);
}

unsigned agentlink_backoff(unsigned tries)
{
	unsigned ms = BACKOFF_FIRST_MS;

	while (tries-- > 1 && ms < BACKOFF_LAST_MS)
		ms *= 2;
	return ms < BACKOFF_LAST_MS ? ms : BACKOFF_LAST_MS;
}

/* Whether the other end may be the agent: it lives in another container, so a process that we can
 * see is an impostor, unless the pod shares its processes. */
static bool may_be_agent(const struct agentlink *link, int sock)
{
	return link->hello.pid1 == HELLO_PID1_SHARED || address_peer(sock) == 0;
}

static int connect_agent(struct agentlink *link)
{
	struct sockaddr_un address;
	socklen_t len = address_make(&address, CONTRACT_AGENT_SOCKET, "");
	CLEANUP(fd_closep)
	int sock = fd_high(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));

	if (sock < 0 || connect(sock, (struct sockaddr *)&address, len) < 0)
		return -1;
	if (!may_be_agent(link, sock))
		return -1;
	/* Before the hello: a connection that ends after it would be the container's end. */
	(void)locker_put(link->locker, sock);
	if (say_hello(link, sock) == 0)
		return fd_take(&sock);
	locker_drop(link->locker);
	return -1;
}

void agentlink_try(struct agentlink *link, uint64_t now_ms)
{
	if (link->sock >= 0 || now_ms < link->next_ms)
		return;
	link->sock = connect_agent(link);
	if (link->sock >= 0) {
		link->reached = true;
		link->tries = 0;
	} else {
		link->next_ms = now_ms + agentlink_backoff(++link->tries);
	}
}

int agentlink_wait(const struct agentlink *link, uint64_t now_ms)
{
	if (link->sock >= 0)
		return -1;
	return link->next_ms > now_ms ? (int)(link->next_ms - now_ms) : 0;
}

void agentlink_lost(struct agentlink *link, uint64_t now_ms)
{
	char byte;
	ssize_t n = recv(link->sock, &byte, 1, MSG_DONTWAIT);

	/* The agent says nothing; whatever comes is read away, the end of it closes. */
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	forget(link);
	link->next_ms = now_ms + agentlink_backoff(++link->tries);
}

void agentlink_end(struct agentlink *link, int wait_status)
{
	struct hello end;

	/* It may have come back this moment: records in the ring are lost with it otherwise. */
	link->next_ms = 0;
	agentlink_try(link, 0);
	if (link->sock < 0)
		return;
	end = link->hello;
	end.kind = HELLO_END;
	end.wait_status = wait_status;
	(void)handoff_send(link->sock, &end, sizeof(end), -1);
	forget(link);
}
