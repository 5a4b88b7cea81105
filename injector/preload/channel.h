/* channel.h - this process's mapping of its container's ring.
 *
 * Owns     The mapping, for the life of the process; no descriptor stays open.
 * Threads  channel_open() in the constructor only; channel_ring() from anywhere.
 */
#ifndef FARGUARD_PRELOAD_CHANNEL_H
#define FARGUARD_PRELOAD_CHANNEL_H

#include "injector/ring/ring.h"

enum channel_state {
	CHANNEL_NONE,    /* no launcher answers in this mount namespace */
	CHANNEL_FOREIGN, /* one does, but it is none of this PID namespace's processes */
	CHANNEL_OPEN,
	CHANNEL_OWN, /* this process itself made the socket, before it executed this program: the
	                launcher is beside it, and has answered if there is a ring */
};

/* Ask the container's launcher for its ring and map it.  Waits CHANNEL_WAIT_MS at most. */
enum channel_state channel_open(void);
#define CHANNEL_WAIT_MS 200

/* The ring, or NULL. */
struct ring_shared *channel_ring(void);

#endif
