/* peer.c - those who are connected: launchers, and whoever else found the socket. */
#include "injector/agent/peer.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "injector/agent/agent.h"
#include "injector/agent/claim.h"
#include "injector/agent/hello.h"
#include "injector/agent/speak.h"
#include "injector/base/own.h"

struct proc_source *peer_source(struct peer *peer)
{
	return peer->first ? &peer->container->source : &peer->source;
}

bool peer_drain(struct agent *agent, struct peer *peer)
{
	static union {
		struct record record;
		unsigned char bytes[RING_RECORD_SLOTS_MAX * RING_SLOT_BYTES];
	} buf;
	struct container *container = peer->container;
	unsigned i;

	if (!peer->ring.shared)
		return false;
	for (i = 0; i < TURN_RECORDS; i++) {
		size_t len = ring_read(&peer->ring, buf.bytes, agent->now_ns);

		if (len == 0)
			break;
		if (record_check(&buf.record, len))
			proc_feed(&agent->procs, peer_source(peer), &buf.record, agent->now_ns,
			          speak_event, agent);
		else
			container_lost(container, CONTAINER_LOST_RING, 1);
	}
	container_lost(container, CONTAINER_LOST_RING, ring_take_dropped(&peer->ring));
	return i == TURN_RECORDS;
}

bool peer_drain_all(struct agent *agent)
{
	bool busy = false, more = true;
	unsigned turn, i;

	for (turn = 0; turn < TURNS_PER_TICK && more; turn++) {
		more = false;
		for (i = 0; i < PEERS_MAX; i++) {
			struct peer *p = &agent->peers.list[agent->peers.turn];

			if (p->state == PEER_LIVE) {
				/* Whose turn it was when the log was full is the first when it
				 * takes lines again. */
				if (!agent_may_read(agent))
					return true;
				agent->state->beat++;
				more |= peer_drain(agent, p);
				busy |= more;
				sink_flush(&agent->sink, agent->now_ns);
			}
			agent->peers.turn = (agent->peers.turn + 1) % PEERS_MAX;
		}
	}
	return busy;
}

void peer_close(struct agent *agent, struct peer *peer)
{
	if (peer->state == PEER_LIVE)
		claim_leave(agent, peer);
	close(peer->fd);
	*peer = (struct peer){.fd = -1};
}

/* A place for one more who has said nothing yet: the oldest of too many gives way, unless its hello
 * has come meanwhile. */
static struct peer *silent_place(struct agent *agent)
{
	struct peer *free_one = NULL, *oldest = NULL;
	unsigned silent = 0, i;

	for (i = 0; i < PEERS_MAX; i++) {
		struct peer *p = &agent->peers.list[i];

		if (p->state == PEER_FREE && !free_one)
			free_one = p;
		if (p->state != PEER_SILENT)
			continue;
		silent++;
		if (!oldest || p->since_ns < oldest->since_ns)
			oldest = p;
	}
	if (free_one && silent < PEERS_SILENT_MAX)
		return free_one;
	if (!oldest)
		return NULL;
	peer_read(agent, oldest);
	if (oldest->state == PEER_SILENT)
		peer_close(agent, oldest);
	return oldest->state == PEER_FREE ? oldest : free_one;
}

void peer_accept(struct agent *agent)
{
	unsigned taken;

	for (taken = 0; taken < ACCEPTS_PER_TURN; taken++) {
		int fd = accept4(agent->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct ucred cred = {.uid = (uid_t)-1};
		socklen_t len = sizeof(cred);
		struct peer *peer;

		if (fd < 0)
			return;
		peer = silent_place(agent);
		if (!peer) {
			agent->lost[LOST_AGENT]++;
			close(fd);
			continue;
		}
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
		*peer = (struct peer){
		        .state = PEER_SILENT, .fd = fd, .uid = cred.uid, .since_ns = agent->now_ns};
		peer_read(agent, peer);
	}
}

void peer_expire(struct agent *agent)
{
	unsigned i;

	for (i = 0; i < PEERS_MAX; i++) {
		struct peer *p = &agent->peers.list[i];

		if (p->state == PEER_SILENT && agent->now_ns - p->since_ns >= PEER_SILENT_NS)
			peer_close(agent, p);
	}
}

/* The first descriptor of a message, or -1; the others are closed. */
static int take_descriptor(struct msghdr *message)
{
	struct cmsghdr *c;
	int first = -1;

	for (c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t count, i;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (first < 0)
				first = fd;
			else
				close(fd);
		}
	}
	return first;
}

static bool take_hello(struct agent *agent, struct peer *peer, const struct hello *hello,
                       int ring_fd)
{
	if (hello->kind == HELLO_START && peer->state == PEER_LIVE)
		return claim_again(agent, peer, hello);
	if (hello->kind == HELLO_START)
		return peer->state == PEER_SILENT && ring_fd >= 0 &&
		       claim_start(agent, peer, hello, ring_fd);
	return peer->state == PEER_LIVE && claim_end(peer, hello);
}

void peer_read(struct agent *agent, struct peer *peer)
{
	unsigned i;

	for (i = 0; i < 4 && peer->state != PEER_FREE; i++) {
		union {
			struct cmsghdr align;
			char bytes[CMSG_SPACE(PEER_DESCRIPTORS_MAX * sizeof(int))];
		} control;
		unsigned char bytes[sizeof(struct hello)];
		struct iovec iov = {bytes, sizeof(bytes)};
		struct msghdr message = {.msg_iov = &iov,
		                         .msg_iovlen = 1,
		                         .msg_control = control.bytes,
		                         .msg_controllen = sizeof(control.bytes)};
		CLEANUP(fd_closep) int fd = -1;
		struct hello hello;
		ssize_t n = recvmsg(peer->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		/* A datagram of no bytes looks like the end, and can carry descriptors. */
		if (n >= 0)
			fd = take_descriptor(&message);
		if (n <= 0 || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ||
		    !hello_take(&hello, bytes, (size_t)n) || !take_hello(agent, peer, &hello, fd))
			peer_close(agent, peer);
	}
}
