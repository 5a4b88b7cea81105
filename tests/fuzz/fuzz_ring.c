/* fuzz_ring.c - a ring whose owner lies: positions and slots are the input's, the reader reads. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "injector/ring/ring.h"
#include "injector/ring/write.h"

#define READS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t take(const uint8_t **data, size_t *size)
{
	uint64_t value = 0;
	size_t n = *size < sizeof(value) ? *size : sizeof(value);

	if (n)
		memcpy(&value, *data, n);
	*data += n;
	*size -= n;
	return value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char buf[RING_RECORD_SLOTS_MAX * RING_SLOT_BYTES];
	static struct ring ring;
	uint64_t write_pos, read_pos, now = 1;
	unsigned i;
	int fd;

	if (!ring.shared) {
		if (ring_create(&fd) < 0 || ring_open(&ring, fd) < 0)
			abort();
		close(fd);
	}
	write_pos = take(&data, &size);
	read_pos = take(&data, &size);
	atomic_store(&ring.shared->write_pos, ring.read_pos + write_pos);
	atomic_store(&ring.shared->read_pos, read_pos);
	while (size > 0) {
		uint64_t slot = take(&data, &size), length = take(&data, &size) & 0xffff;
		uint64_t pos = ring.read_pos + slot % RING_SLOT_COUNT;
		size_t n = size < RING_SLOT_BYTES - 8 ? size : RING_SLOT_BYTES - 8;

		atomic_store(ring_word(ring.shared, pos),
		             slot & 1 ? slot : ring_commit_word(pos, length));
		memcpy(ring_slot(ring.shared, pos) + 8, data, n);
		data += n;
		size -= n;
	}
	for (i = 0; i < READS; i++, now += RING_STALL_NS / 4)
		if (ring_read(&ring, buf, now) > RING_RECORD_MAX)
			abort();
	(void)ring_take_dropped(&ring);
	return 0;
}
