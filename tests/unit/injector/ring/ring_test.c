#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "injector/ring/ring.h"
#include "injector/ring/write.h"
#include "tests/harness.h"

#define SECOND 1000000000ull

static unsigned char buf[RING_RECORD_SLOTS_MAX * RING_SLOT_BYTES];

static void open_ring(struct ring *ring)
{
	int fd = -1;

	assert_int_equal(ring_create(&fd), 0);
	assert_int_equal(ring_open(ring, fd), 0);
	close(fd);
}

static int put(struct ring *ring, const void *bytes, size_t len)
{
	struct ring_part part = {bytes, len};

	return ring_write(ring->shared, &part, 1);
}

static void what_is_written_is_read_whatever_its_length(void **state)
{
	struct ring ring;
	unsigned char sent[RING_RECORD_MAX];
	size_t len, i;

	(void)state;
	open_ring(&ring);
	for (i = 0; i < sizeof(sent); i++)
		sent[i] = (unsigned char)(i * 7 + 1);
	for (len = 1; len <= sizeof(sent); len += len < 600 ? 1 : 97) {
		struct ring_part parts[] = {{sent, len / 3}, {sent + len / 3, len - len / 3}};

		assert_int_equal(ring_write(ring.shared, parts, 2), 0);
		assert_int_equal(ring_read(&ring, buf, 1), len);
		assert_memory_equal(buf, sent, len);
		assert_int_equal(ring_read(&ring, buf, 1), 0);
	}
	assert_int_equal(ring_take_dropped(&ring), 0);
	ring_close(&ring);
}

static void a_full_ring_drops_counts_and_goes_on(void **state)
{
	struct ring ring;
	unsigned written = 0, read = 0;

	(void)state;
	open_ring(&ring);
	while (put(&ring, "x", 1) == 0)
		written++;
	assert_int_equal(written, RING_SLOT_COUNT);
	assert_int_equal(put(&ring, "x", 1), -ENOSPC);
	assert_int_equal(ring_take_dropped(&ring), 2);
	assert_int_equal(ring_take_dropped(&ring), 0);
	while (ring_read(&ring, buf, 1))
		read++;
	assert_int_equal(read, written);
	assert_int_equal(put(&ring, "y", 1), 0);
	assert_int_equal(ring_read(&ring, buf, 1), 1);
	ring_close(&ring);
}

static void frequent_kinds_leave_room_for_the_others(void **state)
{
	const unsigned frequent = 5, refused = 6;
	struct ring ring;
	unsigned written = 0, kept = 0;

	(void)state;
	open_ring(&ring);
	while (ring_takes(ring.shared, frequent) && put(&ring, "f", 1) == 0)
		written++;
	assert_int_equal(written, RING_SLOT_COUNT - RING_KEPT_SLOTS);
	assert_false(ring_takes(ring.shared, refused));
	while (put(&ring, "p", 1) == 0)
		kept++;
	assert_int_equal(kept, RING_KEPT_SLOTS);
	/* One of each: of the frequent kind, of the one that is refused now, and of the others. */
	ring_refuse(&ring, 1u << refused);
	assert_int_equal(ring_take_dropped(&ring), 2);
	assert_false(ring_takes(ring.shared, refused));
	assert_int_equal(ring_take_dropped(&ring), 0);
	assert_int_equal(ring_read(&ring, buf, 1), 1);
	assert_false(ring_takes(ring.shared, frequent));
	assert_int_equal(ring_take_dropped(&ring), 1);
	while (ring_read(&ring, buf, 1))
		;
	assert_true(ring_takes(ring.shared, frequent));
	ring_close(&ring);
}

static void too_long_and_empty_records_are_refused_and_counted(void **state)
{
	struct ring ring;
	static unsigned char big[RING_RECORD_MAX + 1];

	(void)state;
	open_ring(&ring);
	assert_int_equal(put(&ring, big, sizeof(big)), -EMSGSIZE);
	assert_int_equal(put(&ring, big, 0), -EMSGSIZE);
	assert_int_equal(ring_take_dropped(&ring), 2);
	ring_close(&ring);
}

/* A writer died after it reserved `slots`. */
static void reserve_only(struct ring *ring, uint64_t slots)
{
	uint64_t pos;

	assert_int_equal(ring_reserve(ring->shared, slots, &pos), 0);
}

static void a_dead_writer_costs_its_own_record_only(void **state)
{
	struct ring ring;

	(void)state;
	open_ring(&ring);
	reserve_only(&ring, 5);
	assert_int_equal(put(&ring, "after", 5), 0);
	assert_int_equal(ring_read(&ring, buf, 1), 0);
	assert_int_equal(ring_read(&ring, buf, SECOND), 0);
	assert_int_equal(ring_read(&ring, buf, SECOND + 1), 5);
	assert_memory_equal(buf, "after", 5);
	assert_int_equal(ring_take_dropped(&ring), 1);
	ring_close(&ring);
}

static void a_ring_full_of_dead_records_is_given_up_as_a_whole(void **state)
{
	struct ring ring;
	unsigned i;

	(void)state;
	open_ring(&ring);
	for (i = 0; i < RING_SLOT_COUNT / 32; i++)
		reserve_only(&ring, 32);
	assert_int_equal(ring_read(&ring, buf, 1), 0);
	assert_int_equal(ring_read(&ring, buf, 2 * SECOND), 0);
	assert_int_equal(put(&ring, "on", 2), 0);
	assert_int_equal(ring_read(&ring, buf, 2 * SECOND), 2);
	ring_close(&ring);
}

static void forged_positions_never_lead_out_of_the_ring(void **state)
{
	static const uint64_t forged[] = {
	        0,          1,          RING_SLOT_COUNT + 7,         1ull << 32,
	        1ull << 63, UINT64_MAX, UINT64_MAX - RING_SLOT_COUNT};
	struct ring ring;
	size_t i, j, n;

	(void)state;
	open_ring(&ring);
	for (i = 0; i < sizeof(forged) / sizeof(*forged); i++) {
		for (j = 0; j < sizeof(forged) / sizeof(*forged); j++) {
			atomic_store(&ring.shared->write_pos, forged[i]);
			atomic_store(&ring.shared->read_pos, forged[j]);
			memset(ring.shared->slots, (int)i * 37, sizeof(ring.shared->slots));
			for (n = 0; n < 5; n++)
				assert_true(ring_read(&ring, buf, n * SECOND) <= RING_RECORD_MAX);
		}
	}
	/* And it works again. */
	while (ring_read(&ring, buf, 99 * SECOND))
		;
	memset(ring.shared->slots, 0, sizeof(ring.shared->slots));
	atomic_store(&ring.shared->write_pos, ring.read_pos);
	assert_int_equal(ring_read(&ring, buf, 1), 0);
	assert_int_equal(put(&ring, "fine", 4), 0);
	assert_int_equal(ring_read(&ring, buf, 1), 4);
	ring_close(&ring);
}

static void a_length_beyond_what_was_reserved_is_not_believed(void **state)
{
	struct ring ring;

	(void)state;
	open_ring(&ring);
	reserve_only(&ring, 1);
	atomic_store(ring_word(ring.shared, 0), ring_commit_word(0, 4000));
	assert_int_equal(ring_read(&ring, buf, 1), 0);
	atomic_store(ring_word(ring.shared, 0), ring_commit_word(0, 0));
	assert_int_equal(ring_read(&ring, buf, 1), 0);
	atomic_store(ring_word(ring.shared, 0), ring_commit_word(0, 8));
	assert_int_equal(ring_read(&ring, buf, 1), 8);
	ring_close(&ring);
}

static void only_sealed_memory_of_the_right_size_is_taken(void **state)
{
	int plain = memfd_create("t", MFD_ALLOW_SEALING), pipes[2];
	struct ring ring = {0};

	(void)state;
	assert_true(plain >= 0);
	assert_int_equal(ftruncate(plain, RING_BYTES), 0);
	assert_int_equal(ring_open(&ring, plain), -EBADMSG);
	assert_int_equal(fcntl(plain, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	assert_int_equal(ring_open(&ring, plain), -EBADMSG); /* sealed, but no ring's head */
	assert_null(ring.shared);
	close(plain);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(ring_open(&ring, pipes[0]), -EBADMSG);
	close(pipes[0]);
	close(pipes[1]);
	assert_int_equal(ring_open(&ring, -1), -EBADF);
	ring_close(&ring);
}

#define WRITERS 4
#define EACH    3000

static void write_many(struct ring *ring, uint32_t who)
{
	uint32_t message[90] = {0};
	uint32_t i;

	for (i = 0; i < EACH; i++) {
		size_t n = 2 + i % 88, j;

		message[0] = who;
		message[1] = i;
		for (j = 2; j < n; j++)
			message[j] = i + (uint32_t)j;
		put(ring, message, n * sizeof(message[0]));
	}
}

/* Every record whole, each writer's in its order, and with the dropped ones all are there. */
static void read_many(struct ring *ring, unsigned writers, bool (*running)(void))
{
	uint32_t next[WRITERS] = {0};
	uint64_t total = 0, dropped = 0;
	bool more = true;

	while (more) {
		size_t bytes;
		const uint32_t *message = (const uint32_t *)(const void *)buf;

		more = running();
		while ((bytes = ring_read(ring, buf, 1)) > 0) {
			size_t n = bytes / sizeof(*message), j;

			assert_true(message[0] < writers);
			assert_true(message[1] >= next[message[0]]);
			next[message[0]] = message[1] + 1;
			assert_int_equal(n, 2 + message[1] % 88);
			for (j = 2; j < n; j++)
				assert_int_equal(message[j], message[1] + j);
			total++;
		}
		dropped += ring_take_dropped(ring);
	}
	assert_int_equal(total + dropped, (uint64_t)writers * EACH);
}

static _Atomic unsigned threads_running;

static void *thread_main(void *arg)
{
	struct ring *ring = arg;
	static _Atomic uint32_t who;

	write_many(ring, atomic_fetch_add(&who, 1));
	atomic_fetch_sub(&threads_running, 1);
	return NULL;
}

static bool threads_run(void)
{
	return atomic_load(&threads_running) > 0;
}

static void threads_write_without_a_lock(void **state)
{
	struct ring ring;
	pthread_t threads[WRITERS];
	unsigned i;

	(void)state;
	open_ring(&ring);
	atomic_store(&threads_running, WRITERS);
	for (i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, thread_main, &ring), 0);
	read_many(&ring, WRITERS, threads_run);
	for (i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	ring_close(&ring);
}

static unsigned processes_running;

static bool processes_run(void)
{
	while (processes_running && waitpid(-1, NULL, WNOHANG) > 0)
		processes_running--;
	return processes_running > 0;
}

static void processes_write_without_a_lock(void **state)
{
	struct ring ring;
	uint32_t i;

	(void)state;
	open_ring(&ring);
	for (i = 0; i < WRITERS; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			write_many(&ring, i);
			_exit(0);
		}
		processes_running++;
	}
	read_many(&ring, WRITERS, processes_run);
	ring_close(&ring);
}

static void what_the_reader_refuses_is_said_to_writers(void **state)
{
	struct ring ring;
	unsigned kind;

	(void)state;
	open_ring(&ring);
	for (kind = 0; kind < 32; kind++)
		assert_true(ring_wants(ring.shared, kind));
	ring_refuse(&ring, 1u << 5 | 1u << 31);
	for (kind = 0; kind < 32; kind++)
		assert_int_equal(ring_wants(ring.shared, kind), kind != 5 && kind != 31);
	ring_refuse(&ring, 0);
	assert_true(ring_wants(ring.shared, 5));
	ring_close(&ring);
}

TEST_MAIN(cmocka_unit_test(what_is_written_is_read_whatever_its_length),
          cmocka_unit_test(a_full_ring_drops_counts_and_goes_on),
          cmocka_unit_test(frequent_kinds_leave_room_for_the_others),
          cmocka_unit_test(too_long_and_empty_records_are_refused_and_counted),
          cmocka_unit_test(a_dead_writer_costs_its_own_record_only),
          cmocka_unit_test(a_ring_full_of_dead_records_is_given_up_as_a_whole),
          cmocka_unit_test(forged_positions_never_lead_out_of_the_ring),
          cmocka_unit_test(a_length_beyond_what_was_reserved_is_not_believed),
          cmocka_unit_test(only_sealed_memory_of_the_right_size_is_taken),
          cmocka_unit_test(what_the_reader_refuses_is_said_to_writers),
          cmocka_unit_test(threads_write_without_a_lock),
          cmocka_unit_test(processes_write_without_a_lock))
