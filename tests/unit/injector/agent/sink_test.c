#include "injector/agent/sink.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness.h"

#define KILLS 150 /* of a writer, each at another moment */

static struct sink sink;
static struct state kept;
static int ends[2]; /* of the pipe that the sink writes to */
static uint64_t read_lines;

static int fresh(void **state)
{
	(void)state;
	memset(&sink, 0, sizeof(sink));
	read_lines = 0;
	signal(SIGPIPE, SIG_IGN);
	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0 || state_open(&kept, NULL, NULL) < 0)
		return -1;
	sink_init(&sink, ends[1], &kept);
	return 0;
}

static int finish(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	state_close(&kept);
	return 0;
}

static uint64_t lines_out(void)
{
	return state_out(kept.page).lines;
}

/* A line of `len` bytes that begins with its number; false when there is no room. */
static bool put(size_t len, bool important)
{
	char *line = sink_room(&sink, important);
	char number[32];

	if (!line)
		return false;
	memset(line, '.', len);
	memcpy(line, number,
	       (size_t)snprintf(number, sizeof(number), "%lu ", (unsigned long)sink.seq + 1));
	line[len - 1] = '\n';
	sink_take(&sink, len);
	return true;
}

/* Read what is in the pipe; the lines must be whole and numbered without a gap. */
static void drain(void)
{
	static char buf[1 << 20];
	static size_t rest;
	char *line = buf, *end;
	ssize_t n;

	while ((n = read(ends[0], buf + rest, sizeof(buf) - rest)) > 0)
		rest += (size_t)n;
	while ((end = memchr(line, '\n', rest - (size_t)(line - buf)))) {
		assert_int_equal(strtoul(line, NULL, 10), ++read_lines);
		line = end + 1;
	}
	rest -= (size_t)(line - buf);
	memmove(buf, line, rest);
}

static void lines_come_out_whole_and_in_order(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 5; i++)
		assert_true(put(100 + i, false));
	sink_flush(&sink, 1);
	drain();
	assert_int_equal(read_lines, 5);
	assert_int_equal(lines_out(), 5);
	assert_int_equal(sink_pending(&sink), 0);
}

static void a_reader_that_is_slow_loses_events_but_no_number(void **state)
{
	unsigned refused = 0, i;

	(void)state;
	for (i = 0; i < 100; i++) {
		refused += !put(8000, false);
		sink_flush(&sink, 1000 + i);
	}
	assert_true(refused > 60);
	assert_in_range(sink.stuck_since_ns, 1000, 1100);
	/* There is still room for what must be said. */
	assert_true(put(REPORT_LINE_MAX, true));
	assert_true(put(REPORT_LINE_MAX, true));
	for (i = 0; i < 10; i++) {
		drain();
		sink_flush(&sink, 2000);
	}
	drain();
	assert_int_equal(read_lines, 102 - refused);
	assert_int_equal(lines_out(), read_lines);
	assert_int_equal(sink.stuck_since_ns, 0);
	assert_true(put(10, false));
}

static void a_line_cut_by_an_end_is_finished_by_the_successor(void **state)
{
	static struct sink next;
	unsigned i;

	(void)state;
	while (put(10000, false))
		sink_flush(&sink, 1);
	assert_true(sink.staged > 0);
	sink_init(&next, ends[1], &kept);
	assert_int_equal(next.seq, sink.seq);
	assert_int_equal(sink_pending(&next), sink_pending(&sink));
	memcpy(&sink, &next, sizeof(sink));
	for (i = 0; i < 10; i++) {
		drain();
		sink_flush(&sink, 1);
	}
	assert_true(put(50, false));
	sink_flush(&sink, 1);
	drain();
	assert_int_equal(lines_out(), sink.seq);
	assert_int_equal(read_lines, sink.seq);
}

/* Until the log's pipe is full or the parent has enough: lines of every length, flushed at once. */
static void write_until_killed(unsigned seed)
{
	unsigned dice = seed, i;

	sink_init(&sink, ends[1], &kept);
	for (i = 0;; i++) {
		dice = dice * 1103515245u + 12345u;
		put(dice >> 16 & 1 ? 20 + (dice >> 17) % 300 : 20 + (dice >> 17) % 16000, false);
		if (dice >> 28 < 12)
			sink_flush(&sink, i);
	}
}

/* The kill comes at no moment that anyone chose; the reader is slow, fast, and slow again. */
static void whoever_is_killed_leaves_neither_gap_nor_half_a_line(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < KILLS; i++) {
		pid_t pid = fork();
		unsigned turns = 1 + i * 7 % 40;

		assert_true(pid >= 0);
		if (pid == 0)
			write_until_killed(i);
		while (turns--) {
			if (i % 3)
				drain();
			usleep(i % 5 * 10);
		}
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	sink_init(&sink, ends[1], &kept);
	while (sink_pending(&sink)) {
		sink_flush(&sink, 1);
		drain();
	}
	drain();
	assert_int_equal(read_lines, sink.seq);
	assert_true(sink.seq > KILLS);
}

static void a_successor_goes_on_after_the_last_line(void **state)
{
	(void)state;
	state_put_out(kept.page, (struct state_out){0, 41});
	sink_init(&sink, ends[1], &kept);
	assert_int_equal(sink.seq, 41);
	read_lines = 41;
	assert_true(put(20, true));
	sink_init(&sink, ends[1], &kept);
	assert_int_equal(sink.seq, 42);
	sink_flush(&sink, 1);
	drain();
	assert_int_equal(lines_out(), 42);
}

static void a_write_to_a_file_that_was_cut_off_is_taken_to_have_happened(void **state)
{
	FILE *file = tmpfile();

	(void)state;
	assert_non_null(file);
	sink_init(&sink, fileno(file), &kept);
	assert_false(sink.is_staged);
	assert_true(put(30, true) && put(40, true) && put(50, true));
	kept.page->began = 0;
	kept.page->began_len = 70;
	sink_init(&sink, fileno(file), &kept);
	assert_int_equal(sink.seq, 3);
	assert_int_equal(sink_pending(&sink), 50);
	sink_flush(&sink, 1);
	assert_int_equal(lines_out(), 3);
	assert_int_equal(lseek(fileno(file), 0, SEEK_CUR), 50);
	kept.page->began = 120;
	kept.page->began_len = 1; /* garbage: there is nothing */
	sink_init(&sink, fileno(file), &kept);
	assert_int_equal(sink.seq, 3);
	assert_int_equal(sink_pending(&sink), 0);
	fclose(file);
}

static void a_full_disk_is_waited_for(void **state)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(full >= 0);
	sink_init(&sink, full, &kept);
	assert_true(put(30, true));
	sink_flush(&sink, 100);
	assert_false(sink.broken);
	assert_int_equal(sink.stuck_since_ns, 100);
	assert_int_equal(sink_pending(&sink), 30);
	/* Not asked again at each turn. */
	assert_false(sink_waits(&sink, 101));
	assert_true(sink_waits(&sink, 100 + SINK_RETRY_NS));
	sink.fd = ends[1];
	sink_flush(&sink, 100 + SINK_RETRY_NS);
	drain();
	assert_int_equal(read_lines, 1);
	close(full);
}

/* A pipe of one page has room for one buffer, and takes the next when that was read. */
static void what_a_pipe_takes_all_or_none_of_is_whole_lines(void **state)
{
	static char buf[65536];
	unsigned i, turns = 0;
	ssize_t n;

	(void)state;
	assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
	for (i = 0; i < 20; i++)
		assert_true(put(600 + 10 * i, false));
	assert_true(put(4096, false));
	for (sink_flush(&sink, 1); (n = read(ends[0], buf, sizeof(buf))) > 0;
	     sink_flush(&sink, 1)) {
		assert_true(n <= 4096);
		assert_int_equal(buf[n - 1], '\n');
		turns++;
	}
	assert_int_equal(lines_out(), 21);
	assert_in_range(turns, 4, 6);
	/* A longer one goes alone. */
	assert_true(put(600, false));
	assert_true(put(9000, false));
	sink_flush(&sink, 1);
	assert_int_equal(read(ends[0], buf, sizeof(buf)), 600);
	assert_int_equal(lines_out(), 23);
}

static void without_a_reader_nothing_is_taken_any_more(void **state)
{
	(void)state;
	assert_true(put(20, false));
	close(ends[0]);
	sink_flush(&sink, 1);
	assert_true(sink.broken);
	assert_int_equal(sink_pending(&sink), 0);
	assert_false(put(20, false));
	assert_false(put(20, true));
	assert_int_equal(sink.seq, 1);
	ends[0] = dup(ends[1]);
}

static void what_the_reader_has_not_taken_is_known(void **state)
{
	char buf[64];

	(void)state;
	assert_int_equal(sink_unread(&sink), 0);
	assert_true(put(20, false));
	assert_int_equal(sink_unread(&sink), 0);
	sink_flush(&sink, 1);
	assert_int_equal(sink_pending(&sink), 0);
	assert_int_equal(sink_unread(&sink), 20);
	assert_int_equal(read(ends[0], buf, 5), 5);
	assert_int_equal(sink_unread(&sink), 15);
	assert_int_equal(read(ends[0], buf, sizeof(buf)), 15);
	assert_int_equal(sink_unread(&sink), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, fresh, finish)

TEST_MAIN(CASE(lines_come_out_whole_and_in_order),
          CASE(a_reader_that_is_slow_loses_events_but_no_number),
          CASE(a_line_cut_by_an_end_is_finished_by_the_successor),
          CASE(whoever_is_killed_leaves_neither_gap_nor_half_a_line),
          CASE(a_successor_goes_on_after_the_last_line),
          CASE(a_write_to_a_file_that_was_cut_off_is_taken_to_have_happened),
          CASE(a_full_disk_is_waited_for), CASE(what_a_pipe_takes_all_or_none_of_is_whole_lines),
          CASE(without_a_reader_nothing_is_taken_any_more),
          CASE(what_the_reader_has_not_taken_is_known))
