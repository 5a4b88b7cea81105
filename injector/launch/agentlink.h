/* agentlink.h - the connection to the pod's agent: made in the background, made again when lost.
 *
 * Owns     The socket.  The locker, borrowed, has another hold on it, so that it outlives the
 * worker that made it. Errors   None: without an agent the program runs all the same.
 */
#ifndef FARGUARD_LAUNCH_AGENTLINK_H
#define FARGUARD_LAUNCH_AGENTLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "injector/event/hello.h"
#include "injector/launch/locker.h"

struct agentlink {
	int sock; /* -1 while not connected */
	int ring_fd;
	const struct locker *locker;
	bool reached;   /* it had our hello at least once */
	unsigned tries; /* since the last success */
	uint64_t next_ms;
	struct hello hello;
};

/* Prepare to say `hello` with `ring_fd` (borrowed); where the locker has a connection that an
 * earlier worker made, say it there. */
void agentlink_start(struct agentlink *link, const struct hello *hello, int ring_fd,
                     const struct locker *locker);

/* Connect and say hello if it is time to; `now_ms` is monotonic.  Never waits. */
void agentlink_try(struct agentlink *link, uint64_t now_ms);

/* Milliseconds until the next try, or -1 while connected. */
int agentlink_wait(const struct agentlink *link, uint64_t now_ms);

/* The socket is readable: the agent only ever closes it. */
void agentlink_lost(struct agentlink *link, uint64_t now_ms);

/* The program has ended with `wait_status`. */
void agentlink_end(struct agentlink *link, int wait_status);

/* Milliseconds before try number `tries` (from 1): soon at first, then once a second. */
unsigned agentlink_backoff(unsigned tries);

#endif
