/* fuzz_ring.c - a ring whose owners lie, in any order of their steps and the reader's.
 *
 * The input is a list of steps: honest writers begin, append and commit, several at once; hostile
 * ones rewrite positions, words and slots; the reader reads, time passes, a successor takes over.
 * Honest records are whole and in order as long as nobody lied; after any lie the ring serves
 * again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "injector/ring/ring.h"
#include "injector/ring/write.h"

#define WRITERS 4
#define CANARY  0xa5

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

struct writer {
	struct ring_cursor cursor;
	bool busy;
};

struct trial {
	struct writer writers[WRITERS];
	uint64_t now_ns, last_pos;
	unsigned char mark; /* what the next record is made of */
	bool lied;
};

static unsigned char buf[RING_RECORD_SLOTS_MAX * RING_SLOT_BYTES + 64];
static struct ring ring;
static int ring_fd = -1;

static void skip(struct input *in, size_t bytes)
{
	in->data += bytes;
	in->size -= bytes;
}

static uint64_t take(struct input *in, size_t bytes)
{
	uint64_t value = 0;

	if (bytes > in->size)
		bytes = in->size;
	if (bytes)
		memcpy(&value, in->data, bytes);
	skip(in, bytes);
	return value;
}

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void fresh(void)
{
	if (ring_fd < 0)
		expect(ring_create(&ring_fd) == 0);
	if (!ring.shared)
		expect(ring_open(&ring, ring_fd) == 0);
	/* The magic and the version stay. */
	memset((char *)ring.shared + 8, 0, sizeof(*ring.shared) - 8);
	ring = (struct ring){.shared = ring.shared};
}

/* A record is its length, then one byte again and again. */
static void begin(struct trial *t, struct writer *w, size_t bytes)
{
	const uint32_t head = (uint32_t)bytes;

	if (w->busy || bytes < sizeof(head) || ring_begin(&w->cursor, ring.shared, bytes) < 0)
		return;
	w->busy = true;
	ring_append(&w->cursor, &head, sizeof(head));
	t->mark++;
}

static void append(struct trial *t, struct writer *w, size_t bytes)
{
	unsigned char some[512];

	memset(some, t->mark, sizeof(some));
	if (w->busy)
		ring_append(&w->cursor, some, bytes % sizeof(some));
}

static void commit(struct writer *w)
{
	if (w->busy)
		ring_commit(&w->cursor);
	w->busy = false;
}

static void read_one(struct trial *t)
{
	size_t len, i;
	uint32_t head;

	len = ring_read(&ring, buf, t->now_ns);
	expect(len <= RING_RECORD_MAX);
	for (i = sizeof(buf) - 64; i < sizeof(buf); i++)
		expect(buf[i] == CANARY);
	if (len == 0 || t->lied)
		return;
	/* Whoever told no lie is read whole, and only once. */
	memcpy(&head, buf, sizeof(head));
	expect(head == len && ring.read_pos > t->last_pos);
	t->last_pos = ring.read_pos;
}

static void lie(struct trial *t, struct input *in, unsigned what)
{
	struct ring_shared *shared = ring.shared;
	uint64_t value = take(in, 1 + what % 8), pos = ring.read_pos + take(in, 2);
	size_t n;

	t->lied = true;
	switch (what % 8) {
	case 0:
		atomic_store(&shared->write_pos, ring.read_pos + value % (2 * RING_SLOT_COUNT));
		break;
	case 1:
		atomic_store(&shared->write_pos, take(in, 8));
		break;
	case 2:
		atomic_store(&shared->read_pos, take(in, 8));
		break;
	case 3: /* nearly right: the length is anybody's */
		atomic_store(ring_word(shared, pos), ring_commit_word(pos, value & 0xffff));
		break;
	case 4:
		atomic_store(ring_word(shared, pos), take(in, 8));
		break;
	case 5:
		n = in->size < RING_SLOT_BYTES ? in->size : RING_SLOT_BYTES;
		if (n)
			memcpy(ring_slot(shared, pos), in->data, n);
		skip(in, n);
		break;
	case 6:
		atomic_store(&shared->dropped, take(in, 8));
		break;
	default: /* all at once, none of it finished */
		atomic_store(&shared->write_pos, ring.read_pos + RING_SLOT_COUNT);
		break;
	}
}

static void step(struct trial *t, struct input *in)
{
	unsigned what = (unsigned)take(in, 1), arg = (unsigned)take(in, 1);
	struct writer *w = &t->writers[arg % WRITERS];

	switch (what % 10) {
	case 0:
		begin(t, w, take(in, 2) % (RING_RECORD_MAX + 8));
		break;
	case 1:
		append(t, w, take(in, 2));
		break;
	case 2:
		commit(w);
		break;
	case 3:
	case 4:
		read_one(t);
		break;
	case 5:
		t->now_ns += arg * (RING_STALL_NS / 64);
		break;
	case 6:
		begin(t, w, 16 + arg);
		commit(w);
		break;
	case 7: /* the agent was restarted */
		ring_close(&ring);
		if (ring_open(&ring, ring_fd) < 0)
			abort();
		break;
	case 8:
		expect(ring_take_dropped(&ring) <= RING_DROPPED_MAX + (uint64_t)1000000);
		break;
	default:
		lie(t, in, arg);
		break;
	}
}

/* Whatever was done to it, who goes on writing honestly is heard again soon: what lies swallow is
 * what stood in the ring with them. */
static void expect_recovery(struct trial *t)
{
	static const char last[] = "the last word";
	const struct ring_part part = {last, sizeof(last)};
	unsigned i;

	for (i = 0; i < 2 * RING_SLOT_COUNT; i++) {
		size_t len;

		(void)ring_write(ring.shared, &part, 1);
		len = ring_read(&ring, buf, t->now_ns);
		if (len == sizeof(last) && memcmp(buf, last, sizeof(last)) == 0)
			return;
		t->now_ns += len ? 0 : RING_STALL_NS;
	}
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trial trial = {.now_ns = 1};
	struct input in = {data, size};

	fresh();
	memset(buf, CANARY, sizeof(buf));
	while (in.size > 0)
		step(&trial, &in);
	expect_recovery(&trial);
	return 0;
}
