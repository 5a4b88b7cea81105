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
	int listener;     /* -1 while somebody else has the name */
	bool joined;      /* an exec session: the container's launcher has the ring */
};

/* Join the ring of this container, or make one and listen for those who want it.  Process 1 joins
 * none: a hook's session that began before it goes before it.  `session`: such a one, which gives
 * way to a process 1 that has just begun, for 200 ms.  While a session, or another
 * container's process, has the name, nobody can be served: the ring is the launcher's alone.
 * Returns 0 or -errno, and then holds nothing. */
int host_open(struct host *host, bool session);
void host_close(struct host *host);

/* Try again to get the name, where it was taken; true if it is ours now. */
bool host_listen(struct host *host);

/* Hand the ring to those of this container who wait for it, HOST_TURN at most; who asks again gets
 * it again.  False when they cannot be answered now, for want of descriptors or memory. */
bool host_serve(struct host *host);
#define HOST_TURN 64

#endif
