/* ring.c - the reader's side: everything in the mapping is the application's to forge. */
#include "injector/ring/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "injector/base/own.h"
#include "injector/ring/write.h"

#define SEALS_NEEDED (F_SEAL_SHRINK | F_SEAL_GROW)

/* vm.memfd_noexec=2 refuses a memfd that does not ask to be unexecutable; kernels before 6.3 do not
 * know the flag, nor do older C libraries. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif

int ring_create(int *out_fd)
{
	CLEANUP(fd_closep) int fd = memfd_create("farguard", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	const uint32_t head[2] = {RING_MAGIC, RING_VERSION};

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("farguard", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, RING_BYTES) < 0)
		return -errno;
	if (pwrite(fd, head, sizeof(head), 0) != sizeof(head))
		return errno ? -errno : -EIO;
	if (fcntl(fd, F_ADD_SEALS, SEALS_NEEDED | F_SEAL_SEAL) < 0)
		return -errno;
	*out_fd = fd_take(&fd);
	return 0;
}

int ring_open(struct ring *ring, int fd)
{
	struct stat st;
	void *map;
	int seals;

	*ring = (struct ring){0};
	if (fstat(fd, &st) < 0)
		return -errno;
	seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & SEALS_NEEDED) != SEALS_NEEDED || st.st_size != RING_BYTES)
		return -EBADMSG;
	map = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	ring->shared = map;
	if (ring->shared->magic != RING_MAGIC || ring->shared->version != RING_VERSION) {
		ring_close(ring);
		return -EBADMSG;
	}
	/* A reader that was restarted goes on where its predecessor stopped. */
	ring->read_pos = atomic_load(&ring->shared->read_pos);
	return 0;
}

void ring_refuse(struct ring *ring, uint32_t kinds)
{
	atomic_store(&ring->shared->unwanted, kinds);
}

void ring_close(struct ring *ring)
{
	if (ring->shared)
		munmap(ring->shared, RING_BYTES);
	*ring = (struct ring){0};
}

/* The length of a finished record at `pos`, or 0. */
static size_t finished_bytes(struct ring *ring, uint64_t pos, uint64_t write_pos)
{
	uint64_t word = atomic_load_explicit(ring_word(ring->shared, pos), memory_order_acquire);
	size_t bytes = word & 0xffff;

	if (word != ring_commit_word(pos, bytes) || bytes == 0 || bytes > RING_RECORD_MAX ||
	    ring_slots_for(bytes) > write_pos - pos)
		return 0;
	return bytes;
}

/* Give `slots` back to the writers, their commit words cleared. */
static void consume(struct ring *ring, uint64_t slots)
{
	uint64_t i;

	for (i = 0; i < slots && i < RING_SLOT_COUNT; i++)
		atomic_store_explicit(ring_word(ring->shared, ring->read_pos + i), 0,
		                      memory_order_relaxed);
	ring->read_pos += slots;
	atomic_store_explicit(&ring->shared->read_pos, ring->read_pos, memory_order_release);
	ring->stalled_since_ns = 0;
}

/* The record at read_pos will not be finished: go to the next one that is.  Without one, wait on
 * until the ring is nearly full; then all of it is given up. */
static bool resync(struct ring *ring, uint64_t write_pos)
{
	uint64_t used = write_pos - ring->read_pos, i;

	for (i = 1; i < used; i++) {
		if (finished_bytes(ring, ring->read_pos + i, write_pos)) {
			consume(ring, i);
			ring->skipped++;
			return true;
		}
	}
	if (used > RING_SLOT_COUNT - RING_RECORD_SLOTS_MAX) {
		consume(ring, used);
		ring->skipped++;
	}
	return false;
}

static void copy_out(struct ring *ring, unsigned char *buf, size_t bytes)
{
	uint64_t pos = ring->read_pos;
	size_t done = 0, offset = RING_WORD_BYTES;

	while (done < bytes) {
		size_t n = RING_SLOT_BYTES - offset;

		if (n > bytes - done)
			n = bytes - done;
		memcpy(buf + done, ring_slot(ring->shared, pos++) + offset, n);
		done += n;
		offset = 0;
	}
}

size_t ring_read(struct ring *ring, void *buf, uint64_t now_ns)
{
	uint64_t write_pos = atomic_load_explicit(&ring->shared->write_pos, memory_order_acquire);
	size_t bytes;

	if (write_pos - ring->read_pos > RING_SLOT_COUNT) {
		/* No writer of ours does this: begin again where it says that it is. */
		ring->skipped++;
		ring->read_pos = write_pos;
		consume(ring, 0);
		return 0;
	}
	if (atomic_load_explicit(&ring->shared->read_pos, memory_order_relaxed) != ring->read_pos)
		atomic_store_explicit(&ring->shared->read_pos, ring->read_pos,
		                      memory_order_release);
	if (write_pos == ring->read_pos)
		return 0;
	bytes = finished_bytes(ring, ring->read_pos, write_pos);
	if (!bytes) {
		if (!ring->stalled_since_ns)
			ring->stalled_since_ns = now_ns ? now_ns : 1;
		if (now_ns - ring->stalled_since_ns < RING_STALL_NS || !resync(ring, write_pos))
			return 0;
		bytes = finished_bytes(ring, ring->read_pos, write_pos);
		if (!bytes)
			return 0;
	}
	copy_out(ring, buf, bytes);
	consume(ring, ring_slots_for(bytes));
	return bytes;
}

/* What the writers count, without the kinds that were refused: those are nobody's loss. */
static uint64_t counted(const struct ring_shared *shared)
{
	uint64_t count = atomic_load_explicit(&shared->dropped, memory_order_relaxed);
	unsigned kind;

	for (kind = 0; kind < RING_KINDS; kind++)
		if (!(atomic_load_explicit(&shared->unwanted, memory_order_relaxed) >> kind & 1))
			count += atomic_load_explicit(&shared->crowded[kind], memory_order_relaxed);
	return count;
}

uint64_t ring_take_dropped(struct ring *ring)
{
	uint64_t dropped = counted(ring->shared);
	uint64_t fresh = dropped > ring->dropped_seen ? dropped - ring->dropped_seen : 0;

	ring->dropped_seen = dropped;
	if (fresh > RING_DROPPED_MAX)
		fresh = RING_DROPPED_MAX;
	fresh += ring->skipped;
	ring->skipped = 0;
	return fresh;
}
