/* peer.c - those who are connected: launchers, and whoever else found the socket. */
#include "injector/agent/peer.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "injector/agent/agent.h"
#include "injector/agent/hello.h"
#include "injector/agent/speak.h"
#include "injector/base/own.h"

/* A ring holds at most this many records: more at its end are still being written. */
#define DRAIN_TURNS (RING_SLOT_COUNT / TURN_RECORDS + 1)

bool peer_drain(struct agent *agent, struct peer *peer)
{
	static union {
		struct record record;
		unsigned char bytes[RING_RECORD_SLOTS_MAX * RING_SLOT_BYTES];
	} buf;
	unsigned i;

	for (i = 0; i < TURN_RECORDS; i++) {
		size_t len = ring_read(&peer->ring, buf.bytes, agent->now_ns);

		if (len == 0)
			break;
		if (record_check(&buf.record, len))
			proc_feed(&agent->procs, &peer->container->source, &buf.record,
			          agent->now_ns, speak_event, agent);
		else
			agent->lost[LOST_RING]++;
	}
	agent->lost[LOST_RING] += ring_take_dropped(&peer->ring);
	return i == TURN_RECORDS;
}

static void leave(struct agent *agent, struct peer *peer)
{
	struct container *container = peer->container;
	bool another = false;
	unsigned i;

	for (i = 0; i < DRAIN_TURNS && peer_drain(agent, peer); i++)
		sink_flush(&agent->sink, agent->now_ns);
	ring_close(&peer->ring);
	agent->peers.live--;
	peer->state = PEER_FREE;
	for (i = 0; i < PEERS_MAX; i++)
		another |= agent->peers.list[i].state == PEER_LIVE &&
		           agent->peers.list[i].container == container &&
		           !agent->peers.list[i].session;
	if (another)
		return;
	proc_end(&agent->procs, &container->source, speak_event, agent);
	if (!peer->session) {
		container->running = false;
		container->ended = true;
	}
}

static void peer_close(struct agent *agent, struct peer *peer)
{
	if (peer->state == PEER_LIVE)
		leave(agent, peer);
	peer->state = PEER_FREE;
	close(peer->fd);
	*peer = (struct peer){.fd = -1};
}

static struct peer *oldest(struct agent *agent, enum peer_state state,
                           const struct container *container, unsigned *out_count)
{
	struct peer *found = NULL;
	unsigned i;

	*out_count = 0;
	for (i = 0; i < PEERS_MAX; i++) {
		struct peer *p = &agent->peers.list[i];

		if (p->state != state || (container && p->container != container))
			continue;
		(*out_count)++;
		if (!found || p->since_ns < found->since_ns)
			found = p;
	}
	return found;
}

void peer_accept(struct agent *agent)
{
	unsigned taken, count;

	for (taken = 0; taken < PEERS_MAX; taken++) {
		int fd = accept4(agent->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct peer *peer;

		if (fd < 0)
			return;
		peer = oldest(agent, PEER_FREE, NULL, &count);
		if (!peer) {
			peer = oldest(agent, PEER_SILENT, NULL, &count);
			if (!peer) {
				agent->lost[LOST_AGENT]++;
				close(fd);
				continue;
			}
			peer_close(agent, peer);
		}
		*peer = (struct peer){.state = PEER_SILENT, .fd = fd, .since_ns = agent->now_ns};
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

/* Whether another peer's ring is the same memory: read twice, each record would be lost to one
 * of them. */
static bool known_ring(struct agent *agent, const struct peer *self, ino_t ino)
{
	unsigned i;

	for (i = 0; i < PEERS_MAX; i++) {
		struct peer *p = &agent->peers.list[i];

		if (p == self || p->state != PEER_LIVE || p->ring_ino != ino)
			continue;
		/* Its launcher may have connected anew after an end that was not read yet. */
		peer_read(agent, p);
		if (p->state == PEER_LIVE && p->ring_ino == ino)
			return true;
	}
	return false;
}

/* Whether one more peer of that container may stay: whoever invents names must not fill the table.
 */
static bool make_room(struct agent *agent, const struct container *container)
{
	unsigned count, others = 0, i;
	struct peer *first;

	for (i = 0; i < PEERS_MAX; i++) {
		const struct peer *p = &agent->peers.list[i];

		others += p->state == PEER_LIVE && p->container->kind == CONTAINER_OTHER;
	}
	if (container->kind == CONTAINER_OTHER && others >= PEERS_OTHER_MAX) {
		agent->lost[LOST_AGENT]++;
		return false;
	}
	first = oldest(agent, PEER_LIVE, container, &count);
	if (first && count >= PEERS_PER_CONTAINER_MAX)
		peer_close(agent, first);
	return true;
}

/* The kinds of records that make no event of these classes. */
static uint32_t unwanted(unsigned classes)
{
	return (classes & REPORT_FILE ? 0 : 1u << RECORD_OPEN) |
	       (classes & REPORT_NETWORK ? 0 : 1u << RECORD_CONNECT);
}

static bool take_start(struct agent *agent, struct peer *peer, const struct hello *hello,
                       int ring_fd)
{
	struct str name = {hello->container, strlen(hello->container)};
	struct container *container = containers_get(&agent->containers, name);
	struct stat st;

	if (!container) {
		agent->lost[LOST_AGENT]++;
		return false;
	}
	if (fstat(ring_fd, &st) < 0 || known_ring(agent, peer, st.st_ino) ||
	    ring_open(&peer->ring, ring_fd) < 0)
		return false;
	/* Asked last, so that garbage uses up nobody's turn. */
	if (!hello_meter_take(&agent->containers, container, agent->now_ns)) {
		agent->lost[LOST_RATE]++;
		ring_close(&peer->ring);
		return false;
	}
	if (!make_room(agent, container)) {
		ring_close(&peer->ring);
		return false;
	}
	ring_refuse(&peer->ring, unwanted(agent->config.report.classes));
	peer->ring_ino = st.st_ino;
	peer->container = container;
	peer->session = hello->session;
	peer->state = PEER_LIVE;
	agent->peers.live++;
	memcpy(container->users, hello->users, sizeof(container->users));
	if (hello->session && container->kind != CONTAINER_OTHER) {
		container->source.origin = PROC_ORIGIN_EXEC;
		container->missed = true;
	} else {
		container->covered = true;
		container->pid1 = hello->pid1;
		container->before = false;
		container->running = true;
		container->ended = false;
		container->status_known = false;
		if (container->kind == CONTAINER_MAIN || container->kind == CONTAINER_SIDECAR)
			container->source.origin = PROC_ORIGIN_ENTRYPOINT;
	}
	speak_covered(agent, container, hello);
	return true;
}

/* A launcher's worker was started again and found the connection of the one before. */
static bool take_again(struct agent *agent, const struct peer *peer, const struct hello *hello)
{
	struct container *container = peer->container;

	if (!str_eq(container->name, (struct str){hello->container, strlen(hello->container)}))
		return false;
	if (hello_meter_take(&agent->containers, container, agent->now_ns))
		speak_covered(agent, container, hello);
	else
		agent->lost[LOST_RATE]++;
	return true;
}

static bool take_hello(struct agent *agent, struct peer *peer, const struct hello *hello,
                       int ring_fd)
{
	if (hello->kind == HELLO_START && peer->state == PEER_LIVE)
		return take_again(agent, peer, hello);
	if (hello->kind == HELLO_START)
		return peer->state == PEER_SILENT && ring_fd >= 0 &&
		       take_start(agent, peer, hello, ring_fd);
	if (peer->state != PEER_LIVE)
		return false;
	if (!peer->session) {
		peer->container->status = hello->wait_status;
		peer->container->status_known = true;
	}
	return true;
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
		if (n > 0)
			fd = take_descriptor(&message);
		if (n <= 0 || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ||
		    !hello_take(&hello, bytes, (size_t)n) || !take_hello(agent, peer, &hello, fd))
			peer_close(agent, peer);
	}
}
