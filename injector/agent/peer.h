/* peer.h - those who are connected: launchers, and whoever else found the socket.
 *
 * Why      The socket's name is known to every program in the pod.  A peer that is silent, or says
 *          anything but a hello, is closed; too many silent ones lose their oldest.  What a hello
 *          is worth is claim.h's matter.
 * Owns     Their sockets and rings.
 * Limits   PEERS_MAX, PEERS_SILENT_MAX of them without a hello.
 */
#ifndef FARGUARD_AGENT_PEER_H
#define FARGUARD_AGENT_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "injector/agent/containers.h"
#include "injector/agent/limits.h"
#include "injector/proc/proc.h"
#include "injector/ring/ring.h"

struct agent;

enum peer_state {
	PEER_FREE,
	PEER_SILENT, /* connected, no hello yet */
	PEER_LIVE,   /* it speaks in a container's name until it ends */
};

struct peer {
	enum peer_state state;
	int fd;
	uid_t uid; /* as the kernel says */
	uint64_t since_ns;
	struct container *container;
	struct ring ring; /* closed: another peer with the same memory reads it */
	ino_t ring_ino;
	bool session;
	bool first; /* of its container; of the others the records are kept apart */
	bool said_end;
	struct proc_source source; /* unless it is the first */
	struct meter meter;
};

struct peers {
	struct peer list[PEERS_MAX];
	unsigned live;
	unsigned turn; /* whose ring is read next */
};

/* Take in those who wait at the agent's socket. */
void peer_accept(struct agent *agent);

/* Read what a peer sent; it may be closed then. */
void peer_read(struct agent *agent, struct peer *peer);

/* Close those who have been silent for too long. */
void peer_expire(struct agent *agent);

/* Hang up on a peer; what its ring holds is read before. */
void peer_close(struct agent *agent, struct peer *peer);

/* Read up to TURN_RECORDS of the peer's ring; returns whether there is more. */
bool peer_drain(struct agent *agent, struct peer *peer);

/* Each ring in turn, as long as there is room for lines; returns whether there was anything. */
bool peer_drain_all(struct agent *agent);

/* Where the peer's records belong. */
struct proc_source *peer_source(struct peer *peer);

#endif
