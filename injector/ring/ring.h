/* ring.h - the shared-memory queue between a container's processes and the agent.
 *
 * Why      The application's processes write at any time, from any thread, also from a
 *          signal handler or a vfork child; the agent reads from another container.
 *          When the ring is full the record is dropped and counted: losing one is fine,
 *          blocking the application never is.
 * Layout   A page of counters, then RING_SLOT_COUNT slots of RING_SLOT_BYTES.  A record
 *          takes 1 to RING_RECORD_SLOTS_MAX slots in a row (modulo the count).  The first
 *          8 bytes of its first slot are its commit word: 0 while it is being written,
 *          then the position + 1, the magic and the length in slots.  The reader sets the
 *          commit word of every slot that it consumed to 0.
 * Owns     A memory file (memfd), sealed against a change of size, so that neither side
 *          can make the other fault.
 * Threads  Many writers without a lock (ring/write.h), one reader.
 * Trust    The reader believes nothing: positions, lengths and words are the
 *          application's to forge.  It copies a record out, checks the copy, and never
 *          leaves the mapping; garbage is skipped and counted.
 */
#ifndef FARGUARD_RING_RING_H
#define FARGUARD_RING_RING_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define RING_MAGIC            0x46475247u /* "FGRG" */
#define RING_VERSION          1
#define RING_SLOT_BYTES       256
#define RING_SLOT_COUNT       2048u
#define RING_RECORD_SLOTS_MAX 32
#define RING_PAGE_BYTES       4096
#define RING_KEPT_SLOTS       (RING_SLOT_COUNT / 4) /* for the starts and ends of processes */
#define RING_KINDS            8u
#define RING_BYTES            (RING_PAGE_BYTES + RING_SLOT_BYTES * RING_SLOT_COUNT)

struct ring_shared {
	uint32_t magic, version;
	_Atomic uint64_t write_pos;           /* slots ever reserved */
	_Atomic uint64_t read_pos;            /* slots ever consumed */
	_Atomic uint64_t dropped;             /* records that found no room, ever */
	_Atomic uint32_t unwanted;            /* 1 << enum record_kind: nobody asked for these */
	_Atomic uint64_t crowded[RING_KINDS]; /* by kind: left out to keep RING_KEPT_SLOTS, ever */
	char pad[RING_PAGE_BYTES - 40 - 8 * RING_KINDS];
	unsigned char slots[RING_SLOT_COUNT][RING_SLOT_BYTES];
};
static_assert(sizeof(struct ring_shared) == RING_BYTES, "what is mapped is what is shared");

/* The reader's view of one ring; zeroed is closed. */
struct ring {
	struct ring_shared *shared;
	uint64_t read_pos;         /* ours; the shared one is only published */
	uint64_t stalled_since_ns; /* when the record at read_pos was first seen unfinished */
	uint64_t dropped_seen;     /* part of the shared counts that was already reported */
	uint64_t skipped;          /* records lost to garbage or to writers that died */
};

/* Make an empty ring: a sealed memfd, close-on-exec, in `*out_fd`.  Returns 0 or -errno. */
int ring_create(int *out_fd);

/* Map the ring behind `fd`, which stays the caller's.  -EBADMSG when it is not a memfd of
 * RING_BYTES sealed against growing and shrinking, or its head is not a ring's. */
int ring_open(struct ring *ring, int fd);

/* Have writers leave out the kinds in `kinds` (1 << enum record_kind): what nobody reads must not
 * take the room of what somebody does. */
void ring_refuse(struct ring *ring, uint32_t kinds);

/* Unmap; safe on a zeroed or closed ring. */
void ring_close(struct ring *ring);

/* Copy the oldest record into `buf` (RING_RECORD_SLOTS_MAX * RING_SLOT_BYTES bytes) and remove
 * it.  `now_ns` is any monotonic clock: a record that stays unfinished for RING_STALL_NS is
 * given up.  Returns its length in bytes (what the writer passed), or 0 when there is nothing
 * to read now.  Does bounded work: skips at most a ring's worth of garbage per call. */
size_t ring_read(struct ring *ring, void *buf, uint64_t now_ns);
#define RING_STALL_NS 1000000000ull

/* Records dropped or skipped since the last call, of kinds that were refused none; RING_DROPPED_MAX
 * at most are believed: sums of them count for centuries. */
#define RING_DROPPED_MAX 1000000000u
uint64_t ring_take_dropped(struct ring *ring);

#endif
