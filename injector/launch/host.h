/* host.h - a container's ring: made once, handed to every program of the container.
 *
 * Owns     The ring's descriptor and mapping, the listening socket.
 */
#ifndef FARGUARD_LAUNCH_HOST_H
#define FARGUARD_LAUNCH_HOST_H

#include <stdbool.h>

#include "injector/ring/ring.h"

struct host {
	struct ring ring; /* mapped to write; only a spool reads from it here */
	int ring_fd;      /* -1 where the ring is another launcher's */
	int listener;
	bool joined; /* an exec session: the container's launcher has the ring */
};

/* Join the ring of this container, or make one and listen for those who want it.  Returns 0 or
 * -errno, and then holds nothing. */
int host_open(struct host *host);
void host_close(struct host *host);

/* Hand the ring to those who wait for it, HOST_TURN at most; who asks again gets it again. */
void host_serve(struct host *host);
#define HOST_TURN 64

#endif
