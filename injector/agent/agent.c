/* agent.c - the loop. */
#include "injector/agent/agent.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "injector/agent/claim.h"
#include "injector/agent/hello.h"
#include "injector/agent/launchers.h"
#include "injector/agent/speak.h"
#include "injector/base/contract.h"

static void look_at_clock(struct agent *agent)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_MONOTONIC, &now);
	agent->now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void agent_listen(struct agent *agent)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + sizeof(CONTRACT_AGENT_SOCKET);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	/* The abstract name space: a NUL, then the name without one. */
	memcpy(address.sun_path + 1, CONTRACT_AGENT_SOCKET, sizeof(CONTRACT_AGENT_SOCKET) - 1);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0 &&
	    listen(fd, BACKLOG) == 0) {
		agent->listen_fd = fd;
		agent->listen_ns = agent->now_ns;
		return;
	}
	if (!agent->bind_told)
		speak_deaf(agent);
	agent->bind_told = true;
	if (fd >= 0)
		close(fd);
}

bool agent_may_read(const struct agent *agent)
{
	const struct sink *sink = &agent->sink;

	if (sink->broken ||
	    SINK_BYTES - sink_pending(sink) >= SINK_KEPT_BYTES + 2 * REPORT_LINE_MAX)
		return true;
	return sink->stuck_since_ns && agent->now_ns - sink->stuck_since_ns >= SINK_PATIENCE_NS;
}

static bool spool_hello(void *ctx, const struct hello *hello)
{
	struct agent *agent = ctx;
	struct str name = {hello->container, strlen(hello->container)};
	struct container *container = containers_find(&agent->containers, name);

	container->covered = true;
	container->before = false;
	container->ended = container->claims == 0;
	container->source.origin = PROC_ORIGIN_INIT;
	memcpy(container->users, hello->users, sizeof(container->users));
	container->pid1 = hello->pid1;
	container->said.self_wrapped = hello->self_wrapped;
	container->said.flags = hello->flags;
	container->said.pid1 = hello_pid1(hello);
	container->said.no_new_privs = hello_no_new_privs(hello);
	container->said.restarts = hello->restarts;
	container_lost(container, CONTAINER_LOST_RING, hello->lost);
	speak_covered(agent, container, NULL);
	return true;
}

static bool spool_record(void *ctx, const char *name, const struct record *record)
{
	struct agent *agent = ctx;
	struct container *container =
	        containers_find(&agent->containers, (struct str){name, strlen(name)});

	sink_flush(&agent->sink, agent->now_ns);
	if (!agent_may_read(agent))
		return false;
	if (container)
		proc_feed(&agent->procs, &container->source, record, agent->now_ns, speak_event,
		          agent);
	return true;
}

/* Returns whether there is more. */
static bool read_spool(struct agent *agent)
{
	bool more = false;

	struct spool_reader reader = {spool_hello, spool_record, agent};
	unsigned i;

	if (agent->now_ns < agent->spool_ns)
		return false;
	agent->spool_ns = agent->now_ns + SPOOL_INTERVAL_NS;
	for (i = 0; i < agent->containers.listed; i++) {
		const struct container *c = &agent->containers.list[i];

		if (c->kind == CONTAINER_INIT && c->how.len &&
		    spool_read(&agent->spool, agent->config.spool_dir, c->name, agent->state,
		               &reader))
			more = true;
	}
	if (more)
		agent->spool_ns = agent->now_ns;
	return more;
}

/* What a successor has to tell. */
static void keep_lost(struct agent *agent)
{
	unsigned i;

	for (i = 0; i < LOST_END; i++)
		agent->state->lost[i] = agent->lost[i] - agent->lost_told[i];
	for (i = 0; i < agent->containers.count; i++) {
		const struct container *c = &agent->containers.list[i];

		agent->state->lost[LOST_RING] +=
		        c->lost[CONTAINER_LOST_RING] - c->lost_told[CONTAINER_LOST_RING];
		agent->state->lost[LOST_RATE] +=
		        c->lost[CONTAINER_LOST_RATE] - c->lost_told[CONTAINER_LOST_RATE];
	}
}

static bool overdue(const struct agent *agent)
{
	return agent->now_ns - agent->start_ns >= agent->config.coverage_seconds * 1000000000ull;
}

static void keep_times(struct agent *agent)
{
	peer_expire(agent);
	claim_settle(agent);
	read_spool(agent);
	proc_expire(&agent->procs, agent->now_ns, speak_event, agent);
	if (agent->listen_fd < 0 && agent->now_ns >= agent->bind_ns) {
		agent->bind_ns = agent->now_ns + BIND_RETRY_NS;
		agent_listen(agent);
		agent->ends.deaf = agent->bind_told;
	}
	if (!agent->coverage_told && overdue(agent)) {
		agent->coverage_told = true;
		speak_missing(agent);
	}
	if (agent->now_ns >= agent->drop_ns) {
		agent->drop_ns = agent->now_ns + DROP_REPORT_NS;
		speak_drops(agent);
	}
	if (agent->now_ns >= agent->heartbeat_ns) {
		agent->heartbeat_ns =
		        agent->now_ns + agent->config.report.heartbeat_seconds * 1000000000ull;
		speak_heartbeat(agent);
	}
}

/* Wait for a peer, a signal, the log's reader, or `timeout_ms`; then answer the peers. */
static void wait_and_serve(struct agent *agent, int timeout_ms)
{
	struct pollfd fds[PEERS_MAX + 3];
	unsigned i;

	fds[0] = (struct pollfd){.fd = agent->signal_fd, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = agent->listen_fd, .events = POLLIN};
	fds[2] =
	        (struct pollfd){.fd = sink_waits(&agent->sink, agent->now_ns) ? agent->sink.fd : -1,
	                        .events = POLLOUT};
	for (i = 0; i < PEERS_MAX; i++) {
		const struct peer *p = &agent->peers.list[i];

		fds[3 + i] =
		        (struct pollfd){.fd = p->state == PEER_FREE ? -1 : p->fd, .events = POLLIN};
	}
	agent->state->beat++;
	if (poll(fds, PEERS_MAX + 3, timeout_ms) < 0)
		return;
	agent->state->beat++;
	look_at_clock(agent);
	if (fds[0].revents) {
		struct signalfd_siginfo info;

		agent->stopping |= read(agent->signal_fd, &info, sizeof(info)) == sizeof(info);
	}
	for (i = 0; i < PEERS_MAX; i++)
		if (fds[3 + i].revents && agent->peers.list[i].state != PEER_FREE)
			peer_read(agent, &agent->peers.list[i]);
	if (fds[1].revents)
		peer_accept(agent);
}

/* Whether a launcher runs that was not heard: it tries once a second, and whoever says in a
 * container's name that it has ended may be faster.  Where somebody else had the socket's name for
 * a while, it may have it as long as it runs. */
static bool is_anyone_unheard(const struct agent *agent)
{
	if (!agent->bind_told && agent->now_ns - agent->listen_ns >= CLAIM_UNHEARD_NS)
		return false;
	return launchers_count() > agent->peers.live;
}

static const char *end_reason(struct agent *agent)
{
	bool is_told = agent->stopping && agent->peers.live == 0 &&
	               (agent->now_ns - agent->start_ns >= RECONNECT_NS ||
	                !ends_awaited(&agent->containers));

	if ((is_told || !agent->config.stay) &&
	    ends_all(&agent->ends, &agent->containers, agent->config.restart_policy, overdue(agent),
	             agent->now_ns) &&
	    (is_told || !is_anyone_unheard(agent)))
		return "containers-ended";
	return is_told ? "terminated" : NULL;
}

/* Until all is written and read: what still lies in the pipe when we end, a busy runtime may throw
 * away. */
static void see_it_read(struct agent *agent)
{
	uint64_t until = agent->now_ns + GOODBYE_MS * 1000000ull, moved_ns = agent->now_ns;
	size_t left = SIZE_MAX, before;

	for (;;) {
		before = left;
		sink_flush(&agent->sink, agent->now_ns);
		left = sink_pending(&agent->sink) + sink_unread(&agent->sink);
		if (left < before) {
			moved_ns = agent->now_ns;
			agent->state->beat++;
		}
		if (left == 0 || agent->now_ns >= until ||
		    agent->now_ns - moved_ns >= GOODBYE_STUCK_MS * 1000000ull)
			return;
		poll(NULL, 0, GOODBYE_LOOK_MS);
		look_at_clock(agent);
	}
}

static void say_goodbye(struct agent *agent, const char *reason)
{
	look_at_clock(agent);
	speak_drops(agent);
	speak_hello(agent, reason);
	see_it_read(agent);
}

const char *agent_run(struct agent *agent)
{
	const char *reason;
	int timeout_ms = 0;

	look_at_clock(agent);
	agent->start_ns = agent->now_ns;
	agent->heartbeat_ns =
	        agent->now_ns + agent->config.report.heartbeat_seconds * 1000000000ull;
	agent->state->beat++; /* from here on there is a log to go on with */
	containers_restore(&agent->containers, agent->state);
	memcpy(agent->lost, agent->state->lost, sizeof(agent->lost));
	speak_hello(agent, NULL);
	speak_uncovered(agent);
	for (;;) {
		keep_times(agent);
		sink_flush(&agent->sink, agent->now_ns);
		wait_and_serve(agent, timeout_ms);
		if (peer_drain_all(agent))
			timeout_ms = TICK_BUSY_MS;
		else if (agent->peers.live || agent->procs.pending_count)
			timeout_ms = TICK_IDLE_MS;
		else
			timeout_ms = agent->stopping ? TICK_BUSY_MS : TICK_NO_RING_MS;
		containers_keep(&agent->containers, agent->state);
		keep_lost(agent);
		reason = end_reason(agent);
		if (reason)
			break;
	}
	do
		agent->spool_ns = 0;
	while (read_spool(agent));
	/* A short pod ends before the time is up. */
	if (!agent->coverage_told)
		speak_missing(agent);
	say_goodbye(agent, reason);
	return reason;
}
