/* claim.c - who speaks in a container's name, and what of it is believed. */
#include "injector/agent/claim.h"

#include <sys/stat.h>
#include <unistd.h>

#include "injector/agent/agent.h"
#include "injector/agent/hello.h"
#include "injector/agent/peer.h"
#include "injector/agent/speak.h"

/* A ring holds at most this many records: more at its end are still being written. */
#define DRAIN_TURNS (RING_SLOT_COUNT / TURN_RECORDS + 1)

static const char more_than_one[] = "more than one launcher speaks in the container's name";

static struct peer *first_of(struct agent *agent, const struct container *container)
{
	unsigned i;

	for (i = 0; i < PEERS_MAX; i++) {
		struct peer *p = &agent->peers.list[i];

		if (p->state == PEER_LIVE && p->first && p->container == container)
			return p;
	}
	return NULL;
}

/* As first_of(), when it has not just gone. */
static struct peer *first_alive(struct agent *agent, const struct container *container)
{
	struct peer *first = first_of(agent, container);

	if (!first)
		return NULL;
	peer_read(agent, first);
	return first_of(agent, container);
}

static struct peer *ring_mate(struct agent *agent, const struct peer *self, ino_t ino)
{
	unsigned i;

	for (i = 0; i < PEERS_MAX; i++) {
		struct peer *p = &agent->peers.list[i];

		if (p != self && p->state == PEER_LIVE && p->ring_ino == ino)
			return p;
	}
	return NULL;
}

/* Whether a peer has one of the places that others share with it. */
static bool shares(const struct peer *p, bool other)
{
	return p->state == PEER_LIVE && (p->container->kind == CONTAINER_OTHER) == other &&
	       (other || !p->first);
}

/* How many of that user share places. */
static unsigned share_of(const struct agent *agent, uid_t uid, bool other)
{
	unsigned count = 0, i;

	for (i = 0; i < PEERS_MAX; i++)
		count += shares(&agent->peers.list[i], other) && agent->peers.list[i].uid == uid;
	return count;
}

/* Whether there is a place for `peer`; the youngest of the user with the most gives way to another
 * user's. */
static bool make_room(struct agent *agent, const struct peer *peer, bool other)
{
	const unsigned max = other ? CLAIMS_OTHER_MAX : CLAIMS_SHARED_MAX;
	unsigned count = 0, most = 0, i;
	struct peer *victim = NULL;

	for (i = 0; i < PEERS_MAX; i++) {
		struct peer *p = &agent->peers.list[i];
		unsigned share;

		if (!shares(p, other))
			continue;
		count++;
		share = share_of(agent, p->uid, other);
		if (share > most || (share == most && p->since_ns >= victim->since_ns)) {
			most = share;
			victim = p;
		}
	}
	if (count < max)
		return true;
	if (most <= share_of(agent, peer->uid, other) + 1)
		return false;
	peer_close(agent, victim);
	return true;
}

static void contest(struct agent *agent, struct container *container, const char *why)
{
	if (container->contested)
		return;
	container->contested = true;
	speak_covered(agent, container, why);
}

/* The kinds of records that make no event of these classes. */
static uint32_t unwanted(unsigned classes)
{
	return (classes & REPORT_FILE ? 0 : 1u << RECORD_OPEN) |
	       (classes & REPORT_NETWORK ? 0 : 1u << RECORD_CONNECT);
}

/* Whether one more is heard.  Those who may be the first, those who come after it, those with the
 * ring of the last first, and all that the pod does not list, each have turns of their own.  Asked
 * last: garbage uses up nobody's. */
static bool is_heard(struct agent *agent, struct container *container, const struct peer *peer,
                     bool beside, bool returns)
{
	const bool other = container->kind == CONTAINER_OTHER;
	struct hello_meter *meter = other     ? &agent->containers.other_hellos
	                            : returns ? &container->returns
	                            : beside  ? &container->challenges
	                                      : &container->hellos;

	if (!hello_meter_take(meter, agent->now_ns)) {
		container_lost(container, CONTAINER_LOST_RATE, 1);
		if (!other)
			contest(agent, container, "more launchers say hello than a container has");
		return false;
	}
	if ((other || (beside && !returns)) && !make_room(agent, peer, other)) {
		agent->lost[LOST_AGENT]++;
		if (!other)
			contest(agent, container, more_than_one);
		return false;
	}
	return true;
}

static void take_words(struct container *container, const struct hello *hello)
{
	container->said.self_wrapped = hello->self_wrapped;
	container->said.flags = hello->flags;
	container->said.session = hello->session;
	container->said.restarts = hello->restarts;
	container->said.pid1 = hello_pid1(hello);
	container->said.no_new_privs = hello_no_new_privs(hello);
}

/* It is the container's first: what was known of one before it is over. */
static void begin(struct agent *agent, struct peer *peer, const struct hello *hello)
{
	struct container *c = peer->container;
	const bool over = c->kind == CONTAINER_MAIN && c->ended && !hello->session &&
	                  agent->config.restart_policy == RESTART_NEVER;

	if (c->claims == 0)
		c->contested = false;
	c->ring_ino = peer->ring_ino;
	c->said_end_ns = 0;
	memcpy(c->users, hello->users, sizeof(c->users));
	take_words(c, hello);
	if (hello->session && c->kind != CONTAINER_OTHER) {
		c->covered = false;
		c->source.origin = PROC_ORIGIN_EXEC;
		c->missed = true;
	} else {
		c->covered = true;
		c->pid1 = hello->pid1;
		c->before = false;
		c->running = true;
		c->ended = false;
		c->status_known = false;
		if (c->kind == CONTAINER_MAIN || c->kind == CONTAINER_SIDECAR)
			c->source.origin = PROC_ORIGIN_ENTRYPOINT;
	}
	speak_covered(agent, c, NULL);
	if (over)
		contest(agent, c,
		        "a launcher speaks in the name of a container that has ended and "
		        "does not start again");
}

/* There is another first: this one's records are kept apart. */
static void stand_beside(struct agent *agent, struct peer *peer)
{
	/* It was the first until the ring came back that an agent before this one read first. */
	if (peer->first)
		proc_end(&agent->procs, &peer->container->source, speak_event, agent);
	peer->first = false;
	peer->source = (struct proc_source){
	        .container = (uint16_t)(CONTAINERS_MAX + (peer - agent->peers.list)),
	        .mixed = true};
	contest(agent, peer->container, more_than_one);
}

/* Make it one who speaks in the container's name. */
static void take_in(struct agent *agent, struct peer *peer, const struct hello *hello)
{
	struct container *container = peer->container;
	struct peer *first = first_of(agent, container);
	const bool returns = container->ring_ino == peer->ring_ino;

	/* Read twice, each record would be lost to one of them. */
	if (ring_mate(agent, peer, peer->ring_ino))
		ring_close(&peer->ring);
	else
		ring_refuse(&peer->ring, unwanted(agent->config.report.classes));
	peer->session = hello->session;
	/* A session's word is not worth a launcher's, nor a stranger's that of the ring which an
	 * agent before this one read first. */
	peer->first =
	        peer->ring.shared && (!first || returns || (first->session && !peer->session));
	if (peer->first)
		begin(agent, peer, hello);
	if (!peer->first)
		stand_beside(agent, peer);
	else if (first)
		stand_beside(agent, first);
	peer->state = PEER_LIVE;
	agent->peers.live++;
	container->claims++;
}

bool claim_start(struct agent *agent, struct peer *peer, const struct hello *hello, int ring_fd)
{
	struct str name = {hello->container, strlen(hello->container)};
	struct container *container = containers_get(&agent->containers, name);
	struct peer *mate;
	struct stat st;
	bool returns;

	if (!container) {
		agent->lost[LOST_AGENT]++;
		return false;
	}
	if (fstat(ring_fd, &st) < 0 || ring_open(&peer->ring, ring_fd) < 0)
		return false;
	peer->ring_ino = st.st_ino;
	peer->container = container;
	mate = ring_mate(agent, peer, st.st_ino);
	returns = !mate && container->kind != CONTAINER_OTHER && container->ring_ino == st.st_ino;
	if ((mate && mate->container != container) ||
	    !is_heard(agent, container, peer, first_alive(agent, container), returns)) {
		ring_close(&peer->ring);
		return false;
	}
	take_in(agent, peer, hello);
	return true;
}

bool claim_again(struct agent *agent, struct peer *peer, const struct hello *hello)
{
	struct container *container = peer->container;

	if (!str_eq(container->name, (struct str){hello->container, strlen(hello->container)}) ||
	    peer->session != hello->session)
		return false;
	if (!peer->first)
		return true;
	if (!hello_meter_take(&container->returns, agent->now_ns)) {
		container_lost(container, CONTAINER_LOST_RATE, 1);
		return true;
	}
	take_words(container, hello);
	speak_covered(agent, container, NULL);
	return true;
}

bool claim_end(struct peer *peer, const struct hello *hello)
{
	if (peer->said_end)
		return false;
	peer->said_end = true;
	if (!peer->session && (peer->first || !peer->container->status_known)) {
		peer->container->status = hello->wait_status;
		peer->container->status_known = true;
	}
	return true;
}

/* Read out the ring, unless somebody else of the container has it too and reads on. */
static void give_up_ring(struct agent *agent, struct peer *peer)
{
	struct peer *mate = ring_mate(agent, peer, peer->ring_ino);
	unsigned i;

	if (!peer->ring.shared)
		return;
	for (i = 0; i < DRAIN_TURNS && peer_drain(agent, peer); i++)
		sink_flush(&agent->sink, agent->now_ns);
	if (mate) {
		mate->ring = peer->ring;
		mate->first = peer->first;
		if (peer->first)
			return; /* the source is the container's, and goes on */
	} else {
		ring_close(&peer->ring);
	}
	proc_end(&agent->procs, peer_source(peer), speak_event, agent);
}

void claim_leave(struct agent *agent, struct peer *peer)
{
	struct container *container = peer->container;
	bool another = false;
	unsigned i;

	give_up_ring(agent, peer);
	agent->peers.live--;
	container->claims--;
	peer->state = PEER_FREE;
	for (i = 0; i < PEERS_MAX; i++) {
		const struct peer *p = &agent->peers.list[i];

		another |= p->state == PEER_LIVE && p->container == container && !p->session;
	}
	if (peer->session)
		return;
	if (another) {
		if (peer->said_end && !container->said_end_ns)
			container->said_end_ns = agent->now_ns;
		return;
	}
	container->running = false;
	container->ended = true;
}

/* Whether somebody may be in the pod whose own life keeps no Job from completing: a native sidecar
 * or an ephemeral container.  Any other's connections end before the pod does. */
static bool may_outlive(const struct agent *agent)
{
	unsigned i;

	for (i = 0; i < agent->containers.count; i++) {
		const struct container *c = &agent->containers.list[i];

		if (c->kind == CONTAINER_SIDECAR || (c->kind == CONTAINER_OTHER && c->claims))
			return true;
	}
	return false;
}

void claim_settle(struct agent *agent)
{
	unsigned i;

	for (i = 0; i < agent->containers.listed; i++) {
		struct container *c = &agent->containers.list[i];

		if (!c->said_end_ns || c->ended || !c->claims ||
		    agent->now_ns - c->said_end_ns < CLAIM_HOLD_NS || !may_outlive(agent))
			continue;
		c->ended = true;
		speak_covered(agent, c,
		              "one launcher says that the container has ended, another "
		              "does not: it is taken to have ended");
	}
}
