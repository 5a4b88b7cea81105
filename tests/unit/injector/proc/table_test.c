#include "injector/proc/table.h"

#include "tests/unit/injector/proc/feed.h"

static void starts(int32_t pid, int32_t ppid)
{
	done(pid, ppid, TEXT("/bin/ls\0/\0ls"));
}

static void a_full_table_forgets_whoever_was_used_least_recently(void **state)
{
	int32_t pid;

	(void)state;
	for (pid = 1; pid <= PROC_MAX; pid++)
		table_touch(&table, 3, pid);
	assert_int_equal(table.count, PROC_MAX);
	table_touch(&table, 3, 1);
	table_touch(&table, 3, PROC_MAX + 1);
	assert_int_equal(table.count, PROC_MAX);
	assert_non_null(proc_find(&table, 3, 1));
	assert_null(proc_find(&table, 3, 2));
	assert_non_null(proc_find(&table, 3, 3));
	assert_non_null(proc_find(&table, 3, PROC_MAX + 1));
}

static void the_same_pid_of_two_containers_is_two_processes(void **state)
{
	(void)state;
	table_touch(&table, 1, 7)->ppid = 100;
	table_touch(&table, 2, 7)->ppid = 200;
	assert_int_equal(proc_find(&table, 1, 7)->ppid, 100);
	assert_int_equal(proc_find(&table, 2, 7)->ppid, 200);
	table_remove(&table, table_touch(&table, 1, 7));
	assert_null(proc_find(&table, 1, 7));
	assert_int_equal(proc_find(&table, 2, 7)->ppid, 200);
	assert_int_equal(table.count, 1);
}

/* Adds and removes as chance has it, next to a plain list of what must be there. */
static void whatever_is_added_and_removed_is_found_and_nothing_else(void **state)
{
	static bool there[3000];
	uint32_t dice = 12345, i;
	unsigned expected = 0;

	(void)state;
	for (i = 0; i < 200000; i++) {
		int32_t pid;

		dice = dice * 1664525u + 1013904223u;
		pid = (int32_t)(dice >> 8) % 2000;
		if (dice & 128) {
			expected += !there[pid];
			there[pid] = true;
			table_touch(&table, 3, pid);
		} else if (there[pid]) {
			expected--;
			there[pid] = false;
			table_remove(&table, table_touch(&table, 3, pid));
		}
		assert_int_equal(table.count, expected);
		assert_int_equal(proc_find(&table, 3, pid) != NULL, there[pid]);
	}
	for (i = 0; i < 3000; i++)
		assert_int_equal(proc_find(&table, 3, (int32_t)i) != NULL, there[i]);
}

static void a_shell_that_starts_thousands_keeps_its_name_and_origin(void **state)
{
	int32_t pid;

	(void)state;
	tries(7, 1, RECORD_LAUNCHED | RECORD_FIRST, TEXT("/bin/sh\0\0sh"));
	done(7, 1, TEXT("/bin/sh\0/\0sh"));
	tries(6, 1, RECORD_LAUNCHED | RECORD_SESSION, TEXT("/bin/sh\0\0sh"));
	done(6, 1, TEXT("/bin/sh\0/\0sh"));
	starts(8, 7);
	for (pid = 100; pid < 100 + 2 * PROC_MAX; pid++) {
		starts(pid, 8);
		assert_int_equal(last()->parent_count, 2);
		assert_int_equal(last()->parents[0], 8);
		assert_int_equal(last()->parents[1], 7);
		assert_int_equal(last()->origin, PROC_ORIGIN_ENTRYPOINT);
	}
	assert_null(proc_find(&table, 3, 6));
}

static void parents_are_listed_nearest_first_and_bounded(void **state)
{
	int32_t pid;

	(void)state;
	for (pid = 10; pid < 30; pid++)
		starts(pid, pid - 1);
	assert_int_equal(last()->parent_count, PROC_PARENTS_MAX);
	assert_int_equal(last()->parents[0], 28);
	assert_int_equal(last()->parents[PROC_PARENTS_MAX - 1], 29 - PROC_PARENTS_MAX);
}

static void parents_that_go_in_a_circle_end(void **state)
{
	(void)state;
	starts(10, 11);
	starts(11, 10);
	assert_int_equal(last()->parent_count, 1);
	starts(10, 11);
	assert_int_equal(last()->parent_count, 1);
	starts(12, 12);
	assert_int_equal(last()->parent_count, 0);
	starts(13, 12);
	assert_int_equal(last()->parent_count, 1);
	starts(14, 10); /* not one of the circle itself */
	assert_true(last()->parent_count <= PROC_PARENTS_MAX);
	starts(-5, -5);
	assert_int_equal(last()->parent_count, 0);
}

static void more_open_execs_than_there_is_room_for_give_out_the_oldest(void **state)
{
	int32_t pid;

	(void)state;
	for (pid = 100; pid < 100 + PROC_PENDING_MAX; pid++) {
		tries(pid, 1, 0, TEXT("/static\0\0static"));
		clock_ns += 1000;
	}
	assert_int_equal(count, 0);
	tries(99, 1, 0, TEXT("/static\0\0static"));
	assert_int_equal(count, 1);
	assert_int_equal(last()->pid, 100);
	clock_ns += 1000;
	tries(98, 1, 0, TEXT("/static\0\0static"));
	assert_int_equal(count, 2);
	assert_int_equal(last()->pid, 101);
	assert_int_equal(table.pending_count, PROC_PENDING_MAX);
	passes(SECOND);
	assert_int_equal(count, 2 + PROC_PENDING_MAX);
	assert_int_equal(table.pending_count, 0);
}

/* Another container than `web`. */
static void floods(enum record_kind kind, int32_t first, unsigned how_many)
{
	struct proc_source flood = {.container = 9, .origin = PROC_ORIGIN_ENTRYPOINT};
	unsigned i;

	next.head = (struct record){.kind = (uint16_t)kind,
	                            .text_bytes = sizeof("/static\0\0static"),
	                            .time_ns = clock_ns};
	memcpy(next.bytes + sizeof(next.head), "/static\0\0static", next.head.text_bytes);
	for (i = 0; i < how_many; i++) {
		next.head.pid = first + (int32_t)i;
		proc_feed(&table, &flood, &next.head, clock_ns, on_event, &table);
	}
	proc_end(&table, &flood, on_event, &table);
}

static void who_floods_forgets_its_own_processes(void **state)
{
	struct proc_source flood = {.container = 9}, other = {.container = 10};
	int32_t pid;

	(void)state;
	for (pid = 10; pid < 10 + PROC_FAIR; pid++)
		starts(pid, 9);
	next.head.pid = 1;
	for (pid = 1; pid < 3 * PROC_MAX; pid++) {
		next.head.pid = pid;
		proc_feed(&table, &flood, &next.head, clock_ns, on_event, &table);
	}
	assert_int_equal(table.count, PROC_MAX);
	assert_int_equal(table.ages[3].count, PROC_FAIR);
	assert_non_null(proc_find(&table, 3, 10));
	/* Whoever comes late has room too, at the cost of who has the most. */
	next.head.pid = 7;
	proc_feed(&table, &other, &next.head, clock_ns, on_event, &table);
	assert_non_null(proc_find(&table, 10, 7));
	assert_int_equal(table.ages[9].count, PROC_MAX - PROC_FAIR - 1);
	proc_end(&table, &flood, on_event, &table);
	proc_end(&table, &other, on_event, &table);
	assert_int_equal(table.count, PROC_FAIR);
}

static void who_floods_has_its_own_open_execs_given_out(void **state)
{
	(void)state;
	tries(7, 1, 0, TEXT("/usr/local/bin/ls\0\0ls"));
	floods(RECORD_EXEC_TRY, 100, 5 * PROC_PENDING_MAX);
	count = 0;
	fails(7); /* PATH goes on */
	passes(SECOND);
	assert_int_equal(count, 0);
}

static void what_does_not_fit_is_cut_and_flagged_for_all_later_events(void **state)
{
	static char text[6000];
	size_t len = 0;
	const struct proc *proc;

	(void)state;
	text[len++] = '/';
	memset(text + len, 'p', 300);
	len += 301;
	memcpy(text + len, "/cwd", 5);
	len += 5;
	memset(text + len, 'a', 4000);
	len += 4001;
	done(7, 1, text, len);
	assert_false(last()->cut); /* the event itself is whole */
	proc = proc_find(&table, 3, 7);
	assert_true(proc->cut);
	assert_int_equal(strlen(proc->exe), PROC_EXE_BYTES - 1);
	assert_int_equal(proc->args_len, PROC_ARGS_BYTES);
	assert_int_equal(proc->args[PROC_ARGS_BYTES - 1], '\0');
	assert_int_equal(strlen(proc->name), PROC_NAME_BYTES - 1);
	feed((struct record){.kind = RECORD_OPEN, .pid = 7}, TEXT("/x\0"));
	assert_true(last()->cut);
	assert_false(last()->path_cut);
	feed((struct record){.kind = RECORD_EXEC_DONE, .flags = RECORD_CUT, .pid = 8, .ppid = 7},
	     TEXT("/bin/ls\0\0ls"));
	assert_true(last()->cut);
}

static void an_exec_without_arguments_has_none(void **state)
{
	(void)state;
	done(7, 1, TEXT("/bin/ls\0"));
	assert_int_equal(last()->args_len, 0);
	done(8, 1, "/bin/ls\0\0\0", 10); /* argv[0] is "" */
	assert_int_equal(last()->args_len, 1);
}

#define CASE(test) cmocka_unit_test_setup(test, fresh)

TEST_MAIN(CASE(a_full_table_forgets_whoever_was_used_least_recently),
          CASE(the_same_pid_of_two_containers_is_two_processes),
          CASE(whatever_is_added_and_removed_is_found_and_nothing_else),
          CASE(a_shell_that_starts_thousands_keeps_its_name_and_origin),
          CASE(parents_are_listed_nearest_first_and_bounded), CASE(parents_that_go_in_a_circle_end),
          CASE(more_open_execs_than_there_is_room_for_give_out_the_oldest),
          CASE(who_floods_forgets_its_own_processes),
          CASE(who_floods_has_its_own_open_execs_given_out),
          CASE(what_does_not_fit_is_cut_and_flagged_for_all_later_events),
          CASE(an_exec_without_arguments_has_none))
