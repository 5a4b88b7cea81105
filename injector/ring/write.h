/* write.h - put one record into a ring, from anywhere.
 *
 * Why      Runs inside the application: in signal handlers, in vfork children, between any two
 *          instructions of any thread.  So: no lock, no wait, no allocation, no C library.
 * Layout   ring.h.  The commit word of a record at position `pos` (slots since the ring was
 *          made) holds the low 32 bits of pos + 1, RING_COMMIT_MAGIC and the length in bytes.
 * Limits   RING_RECORD_MAX bytes a record.
 * Threads  Any number.
 */
#ifndef FARGUARD_RING_WRITE_H
#define FARGUARD_RING_WRITE_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "injector/ring/ring.h"

#define RING_WORD_BYTES   sizeof(uint64_t)
#define RING_RECORD_MAX   (RING_RECORD_SLOTS_MAX * RING_SLOT_BYTES - RING_WORD_BYTES)
#define RING_COMMIT_MAGIC 0x4647u
/* A reservation that loses this many races is dropped: the hook returns. */
#define RING_ATTEMPTS_MAX 1000

static inline uint64_t ring_commit_word(uint64_t pos, size_t bytes)
{
	return (uint64_t)(uint32_t)(pos + 1) << 32 | (uint64_t)RING_COMMIT_MAGIC << 16 | bytes;
}

/* Slots that a record of `bytes` takes, its commit word included. */
static inline uint64_t ring_slots_for(size_t bytes)
{
	return (bytes + RING_WORD_BYTES + RING_SLOT_BYTES - 1) / RING_SLOT_BYTES;
}

static inline unsigned char *ring_slot(struct ring_shared *ring, uint64_t pos)
{
	return ring->slots[pos % RING_SLOT_COUNT];
}

static inline _Atomic uint64_t *ring_word(struct ring_shared *ring, uint64_t pos)
{
	return (_Atomic uint64_t *)(void *)ring_slot(ring, pos);
}

/* Reserve `slots` in a row.  Returns 0 with `*out_pos`, or -ENOSPC. */
static inline int ring_reserve(struct ring_shared *ring, uint64_t slots, uint64_t *out_pos)
{
	uint64_t pos = atomic_load_explicit(&ring->write_pos, memory_order_relaxed);
	unsigned attempt;

	for (attempt = 0; attempt < RING_ATTEMPTS_MAX; attempt++) {
		uint64_t read = atomic_load_explicit(&ring->read_pos, memory_order_acquire);

		if (pos - read > RING_SLOT_COUNT - slots)
			break;
		if (atomic_compare_exchange_weak_explicit(&ring->write_pos, &pos, pos + slots,
		                                          memory_order_relaxed,
		                                          memory_order_relaxed)) {
			*out_pos = pos;
			return 0;
		}
	}
	return -ENOSPC;
}

/* One record while it is being written, straight into the ring. */
struct ring_cursor {
	struct ring_shared *ring;
	uint64_t pos;
	size_t bytes; /* the record's length */
	size_t at;    /* of them written, plus the commit word */
};

/* Begin a record of exactly `bytes` bytes.  Returns 0; -ENOSPC when the ring is full or -EMSGSIZE
 * when that is longer than RING_RECORD_MAX or nothing, and counts the record as dropped. */
static inline int ring_begin(struct ring_cursor *cursor, struct ring_shared *ring, size_t bytes)
{
	int err = -EMSGSIZE;

	if (bytes > 0 && bytes <= RING_RECORD_MAX)
		err = ring_reserve(ring, ring_slots_for(bytes), &cursor->pos);
	if (err < 0) {
		atomic_fetch_add_explicit(&ring->dropped, 1, memory_order_relaxed);
		return err;
	}
	cursor->ring = ring;
	cursor->bytes = bytes;
	cursor->at = RING_WORD_BYTES;
	return 0;
}

/* Append `len` bytes; what goes beyond the length that was begun is cut. */
static inline void ring_append(struct ring_cursor *cursor, const void *bytes, size_t len)
{
	const unsigned char *from = (const unsigned char *)bytes;
	size_t room = cursor->bytes + RING_WORD_BYTES - cursor->at;

	if (len > room)
		len = room;
	while (len > 0) {
		size_t offset = cursor->at % RING_SLOT_BYTES, n = RING_SLOT_BYTES - offset, i;
		unsigned char *to =
		        ring_slot(cursor->ring, cursor->pos + cursor->at / RING_SLOT_BYTES) +
		        offset;

		if (n > len)
			n = len;
		for (i = 0; i < n; i++)
			to[i] = from[i];
		cursor->at += n;
		from += n;
		len -= n;
	}
}

/* Hand the record to the reader; what was not appended is filled with zeros. */
static inline void ring_commit(struct ring_cursor *cursor)
{
	while (cursor->at < cursor->bytes + RING_WORD_BYTES)
		ring_append(cursor, "", 1);
	atomic_store_explicit(ring_word(cursor->ring, cursor->pos),
	                      ring_commit_word(cursor->pos, cursor->bytes), memory_order_release);
}

struct ring_part {
	const void *bytes;
	size_t len;
};

/* Write `parts`, one behind the other, as one record.  Returns as ring_begin(). */
static inline int ring_write(struct ring_shared *ring, const struct ring_part *parts,
                             size_t part_count)
{
	struct ring_cursor cursor;
	size_t bytes = 0, i;
	int err;

	for (i = 0; i < part_count && bytes <= RING_RECORD_MAX; i++)
		bytes += parts[i].len;
	err = ring_begin(&cursor, ring, bytes);
	if (err < 0)
		return err;
	for (i = 0; i < part_count; i++)
		ring_append(&cursor, parts[i].bytes, parts[i].len);
	ring_commit(&cursor);
	return 0;
}

/* Whether the reader asked for records of `kind`. */
static inline bool ring_wants(struct ring_shared *ring, unsigned kind)
{
	return !(atomic_load_explicit(&ring->unwanted, memory_order_relaxed) >> kind & 1);
}

/* Whether a frequent record of `kind` may be written: the reader asked for it, and the room that is
 * kept for processes stays.  A program that opens thousands of files before there is a reader hides
 * no start of another; what it left out is counted. */
static inline bool ring_takes(struct ring_shared *ring, unsigned kind)
{
	uint64_t read, written;

	if (!ring_wants(ring, kind))
		return false;
	read = atomic_load_explicit(&ring->read_pos, memory_order_relaxed);
	written = atomic_load_explicit(&ring->write_pos, memory_order_relaxed);
	if (written - read < RING_SLOT_COUNT - RING_KEPT_SLOTS)
		return true;
	atomic_fetch_add_explicit(&ring->crowded[kind % RING_KINDS], 1, memory_order_relaxed);
	return false;
}

#endif
