/* peer.h - those who are connected: launchers, and whoever else found the socket.
 *
 * Why      The socket's name is known to every program in the pod.  A peer that is silent, or says
 *          anything but a hello, is closed; a table that is full loses its oldest silent one.
 * Owns     Their sockets and rings.
 */
#ifndef FARGUARD_AGENT_PEER_H
#define FARGUARD_AGENT_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "injector/agent/limits.h"
#include "injector/ring/ring.h"

struct agent;
struct container;

enum peer_state {
	PEER_FREE,
	PEER_SILENT, /* connected, no hello yet */
	PEER_LIVE,   /* its ring is read until it ends */
};

struct peer {
	enum peer_state state;
	int fd;
	uint64_t since_ns;
	struct container *container;
	struct ring ring;
	ino_t ring_ino;
	bool session;
};

struct peers {
	struct peer list[PEERS_MAX];
	unsigned live;
};

/* Take in everyone who waits at the agent's socket. */
void peer_accept(struct agent *agent);

/* Read what a peer sent; it may be closed then. */
void peer_read(struct agent *agent, struct peer *peer);

/* Close those who have been silent for too long. */
void peer_expire(struct agent *agent);

/* Read up to TURN_RECORDS of the peer's ring; returns whether there is more. */
bool peer_drain(struct agent *agent, struct peer *peer);

#endif
