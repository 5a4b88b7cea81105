/* spool.h - what an init container leaves behind for an agent that starts after it.
 *
 * Layout   NAME.records: a struct hello, then for each record its length (u32) and its bytes.
 * Owns     The file, which bears its name only when it is complete.  A container that is tried
 * again goes on with the one that it left. Limits   SPOOL_BYTES_MAX, of all containers
 * SPOOL_ALL_BYTES_MAX; records beyond are lost, and counted in the hello. Threads  The struct lies
 * in memory that the first process and its workers share: who finds a worker dead goes on with
 * spool_resume(). Errors   None: what cannot be written is lost with the container.
 */
#ifndef FARGUARD_LAUNCH_SPOOL_H
#define FARGUARD_LAUNCH_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "injector/event/hello.h"
#include "injector/ring/ring.h"

/* The volume of all init containers together has 8 MiB. */
#define SPOOL_BYTES_MAX     (1u << 20)
#define SPOOL_ALL_BYTES_MAX (7u << 20)

struct spool {
	int dir, file; /* -1: not in use */
	size_t bytes;  /* what the file holds for certain */
	size_t bytes_max;
	uint64_t read_pos; /* of the ring, behind the last record in the file */
	uint32_t lost;
	char name[HELLO_NAME_MAX + 16], temp[HELLO_NAME_MAX + 16];
};

/* Begin the file of `hello`'s container in `dir`, when there is such a directory. */
void spool_open(struct spool *spool, const char *dir, const struct hello *hello);

/* Give the file its name already: there will be nobody at its end. */
void spool_name(struct spool *spool);

/* Go on where a worker that died has left off: half a record is cut off, and counted as lost. */
void spool_resume(struct spool *spool, struct ring *ring);

/* Move what `ring` has to the file; `now_ns` is monotonic.  Only before the agent has the ring. */
void spool_drain(struct spool *spool, struct ring *ring, uint64_t now_ns);

/* Give the file its name and its `hello`, with how many records it lacks: `dropped` by the ring,
 * and those lost here.  One without a record is dropped. */
void spool_finish(struct spool *spool, const struct hello *hello, uint64_t dropped);

/* Remove the file. */
void spool_drop(struct spool *spool);

#endif
