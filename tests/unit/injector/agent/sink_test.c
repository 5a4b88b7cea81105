#include "injector/agent/sink.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/harness.h"

static struct sink sink;
static struct state_page page;
static int ends[2]; /* of the pipe that the sink writes to */
static uint64_t read_lines;

static int fresh(void **state)
{
	(void)state;
	memset(&sink, 0, sizeof(sink));
	memset(&page, 0, sizeof(page));
	read_lines = 0;
	signal(SIGPIPE, SIG_IGN);
	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0)
		return -1;
	sink_init(&sink, ends[1], &page);
	return 0;
}

static int finish(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	return 0;
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
	static size_t kept;
	char *line = buf, *end;
	ssize_t n;

	while ((n = read(ends[0], buf + kept, sizeof(buf) - kept)) > 0)
		kept += (size_t)n;
	while ((end = memchr(line, '\n', kept - (size_t)(line - buf)))) {
		assert_int_equal(strtoul(line, NULL, 10), ++read_lines);
		line = end + 1;
	}
	kept -= (size_t)(line - buf);
	memmove(buf, line, kept);
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
	assert_int_equal(page.lines, 5);
	assert_int_equal(page.mid_line, 0);
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
	assert_int_equal(page.lines, read_lines);
	assert_int_equal(sink.stuck_since_ns, 0);
	assert_true(put(10, false));
}

static void a_line_cut_by_an_end_is_ended_and_keeps_its_number(void **state)
{
	static struct sink next;

	(void)state;
	while (put(10000, false))
		sink_flush(&sink, 1);
	assert_int_equal(page.mid_line, 1);
	memset(&next, 0, sizeof(next));
	sink_init(&next, ends[1], &page);
	assert_int_equal(next.seq, page.lines + 1);
	assert_int_equal(sink_pending(&next), 1);
	memcpy(&sink, &next, sizeof(sink));
	assert_true(put(50, false));
	drain();
	sink_flush(&sink, 1);
	drain();
	assert_int_equal(page.mid_line, 0);
	assert_int_equal(page.lines, sink.seq);
	assert_int_equal(read_lines, sink.seq);
}

static void a_successor_goes_on_after_the_last_whole_line(void **state)
{
	(void)state;
	page.lines = 41;
	sink_init(&sink, ends[1], &page);
	assert_int_equal(sink.seq, 41);
	read_lines = 41;
	assert_true(put(20, true));
	sink_flush(&sink, 1);
	drain();
	assert_int_equal(page.lines, 42);
}

static void a_write_that_was_cut_off_is_taken_to_have_happened(void **state)
{
	(void)state;
	page.lines = 41;
	page.lines_after = 44;
	page.mid_line = 1;
	sink_init(&sink, ends[1], &page);
	assert_int_equal(sink.seq, 44);
	assert_int_equal(sink_pending(&sink), 0);
	page.lines_after = 3; /* of a page that is garbage */
	sink_init(&sink, ends[1], &page);
	assert_int_equal(sink.seq, 44);
}

/* A pipe in packet mode gives back what was written at once. */
static void what_a_pipe_takes_all_or_none_of_is_whole_lines(void **state)
{
	static char buf[65536];
	unsigned i, packets = 0;
	ssize_t n;

	(void)state;
	finish(state);
	assert_int_equal(pipe2(ends, O_DIRECT | O_NONBLOCK | O_CLOEXEC), 0);
	sink_init(&sink, ends[1], &page);
	for (i = 0; i < 20; i++)
		assert_true(put(600 + 10 * i, false));
	assert_true(put(4096, false));
	sink_flush(&sink, 1);
	assert_int_equal(page.lines, 21);
	assert_int_equal(page.lines_after, 21);
	while ((n = read(ends[0], buf, sizeof(buf))) > 0) {
		assert_true(n <= 4096);
		assert_int_equal(buf[n - 1], '\n');
		packets++;
	}
	assert_in_range(packets, 4, 6);
	/* A longer one goes alone. */
	assert_true(put(600, false));
	assert_true(put(9000, false));
	sink_flush(&sink, 1);
	assert_int_equal(read(ends[0], buf, sizeof(buf)), 600);
	assert_int_equal(page.lines, 23);
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
	assert_int_equal(page.lines, 0);
	ends[0] = dup(ends[1]);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, fresh, finish)

TEST_MAIN(CASE(lines_come_out_whole_and_in_order),
          CASE(a_reader_that_is_slow_loses_events_but_no_number),
          CASE(a_line_cut_by_an_end_is_ended_and_keeps_its_number),
          CASE(a_successor_goes_on_after_the_last_whole_line),
          CASE(a_write_that_was_cut_off_is_taken_to_have_happened),
          CASE(what_a_pipe_takes_all_or_none_of_is_whole_lines),
          CASE(without_a_reader_nothing_is_taken_any_more))
