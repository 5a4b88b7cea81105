#include "injector/launch/note.h"

#include <stdlib.h>
#include <unistd.h>

#include "injector/event/record.h"
#include "tests/harness.h"

static union {
	struct record record;
	unsigned char bytes[RING_RECORD_SLOTS_MAX * RING_SLOT_BYTES];
} buf;

static struct ring ring;

static int set_up(void **state)
{
	int fd, err = ring_create(&fd);

	(void)state;
	if (err < 0)
		return -1;
	err = ring_open(&ring, fd);
	close(fd);
	return err;
}

static int tear_down(void **state)
{
	(void)state;
	ring_close(&ring);
	return 0;
}

/* The record that was written: it is well-formed. */
static const struct record *next(void)
{
	size_t n = ring_read(&ring, &buf, 1);

	assert_true(n > 0);
	assert_true(record_check(&buf.record, n));
	return &buf.record;
}

static void a_start_has_path_arguments_and_ids(void **state)
{
	char *argv[] = {"", "a b", "\xff\n", NULL};
	const struct record *r;

	(void)state;
	note_launched(ring.shared, RECORD_SESSION, 42, "/bin/x", argv);
	r = next();
	assert_int_equal(r->kind, RECORD_EXEC_TRY);
	assert_int_equal(r->flags, RECORD_SESSION | RECORD_LAUNCHED);
	assert_int_equal(r->pid, 42);
	assert_int_equal(r->ppid, getpid());
	assert_int_equal(r->uid, geteuid());
	assert_memory_equal(record_text(r), "/bin/x\0\0\0a b\0\xff\n", 16);
	assert_int_equal(r->text_bytes, 16);
}

static void a_relative_path_comes_with_the_directory(void **state)
{
	char *argv[] = {"x", NULL}, cwd[4096];
	const struct record *r;

	(void)state;
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	note_launched(ring.shared, RECORD_FIRST, 42, "./x", argv);
	r = next();
	assert_string_equal(record_text(r), "./x");
	assert_string_equal(record_text(r) + 4, cwd);
}

static void what_is_too_long_is_cut_at_every_length_and_said_so(void **state)
{
	static char big[RECORD_BYTES_MAX + 300];
	char *argv[] = {"x", big, "last", NULL};
	size_t len;

	(void)state;
	for (len = RECORD_TEXT_MAX - 40; len < RECORD_TEXT_MAX + 40; len++) {
		const struct record *r;

		memset(big, 'a', len);
		big[len] = '\0';
		note_launched(ring.shared, RECORD_FIRST, 42, "/x", argv);
		r = next();
		/* "/x", "", "x", big and "last", each with its NUL */
		assert_int_equal((r->flags & RECORD_CUT) != 0,
		                 3 + 1 + 2 + len + 1 + 5 > RECORD_TEXT_MAX);
		assert_true(r->text_bytes <= RECORD_TEXT_MAX);
		assert_int_equal(record_text(r)[r->text_bytes - 1], '\0');
	}
}

static void many_small_arguments_are_cut_too(void **state)
{
	static char *argv[20001];
	const struct record *r;
	size_t i;

	(void)state;
	for (i = 0; i < 20000; i++)
		argv[i] = (char *)(uintptr_t)(i % 2 ? "" : "a");
	note_launched(ring.shared, RECORD_FIRST, 42, "/x", argv);
	r = next();
	assert_true(r->flags & RECORD_CUT);
}

static void an_end_has_its_status_and_a_full_ring_is_no_trouble(void **state)
{
	const struct record *r;
	int i;

	(void)state;
	for (i = 0; i < 5000; i++)
		note_exit(ring.shared, i, 9);
	r = next();
	assert_int_equal(r->kind, RECORD_EXIT);
	assert_int_equal(r->pid, 0);
	assert_int_equal(r->args[0], 9);
	assert_true(ring_take_dropped(&ring) > 0);
}

static void a_start_that_came_to_nothing_is_taken_back(void **state)
{
	const struct record *r;

	(void)state;
	note_refused(ring.shared, 8);
	r = next();
	assert_int_equal(r->kind, RECORD_EXEC_FAIL);
	assert_int_equal(r->flags, RECORD_LAUNCHED);
	assert_int_equal(r->pid, getpid());
	assert_int_equal(r->ppid, getppid());
	assert_int_equal(r->result, -8);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

TEST_MAIN(CASE(a_start_has_path_arguments_and_ids), CASE(a_relative_path_comes_with_the_directory),
          CASE(what_is_too_long_is_cut_at_every_length_and_said_so),
          CASE(many_small_arguments_are_cut_too), CASE(a_start_that_came_to_nothing_is_taken_back),
          CASE(an_end_has_its_status_and_a_full_ring_is_no_trouble))
