#include "injector/proc/proc.h"

#include "tests/unit/injector/proc/feed.h"

static void a_try_and_its_done_are_one_execve_in_the_words_of_the_program(void **state)
{
	(void)state;
	tries(7, 1, 0, TEXT("./run.sh\0/srv\0./run.sh"));
	assert_int_equal(count, 0);
	clock_ns += 1000;
	done(7, 1, TEXT("/bin/dash\0/srv\0/bin/sh\0./run.sh"));
	assert_int_equal(count, 1);
	assert_int_equal(last()->type, PROC_EXECVE);
	assert_true(last()->known);
	assert_true(last()->claimed);
	assert_int_equal(last()->result, 0);
	assert_string_equal(last()->exe, "/bin/dash");
	assert_string_equal(last()->name, "run.sh"); /* as the kernel names a script's process */
	assert_string_equal(last()->cwd, "/srv");
	assert_memory_equal(last()->args, "/bin/sh\0./run.sh", 17);
	assert_int_equal(last()->uid, 33);
	assert_int_equal(last()->time_ns, clock_ns);
	passes(SECOND);
	assert_int_equal(count, 1);
}

static void a_search_along_path_gives_no_event_but_the_one_that_worked(void **state)
{
	(void)state;
	tries(7, 1, 0, TEXT("/usr/local/bin/ls\0\0ls"));
	fails(7);
	tries(7, 1, 0, TEXT("/usr/bin/ls\0\0ls")); /* no word about the failure */
	tries(7, 1, 0, TEXT("/bin/ls\0\0ls"));
	done(7, 1, TEXT("/bin/ls\0/\0ls"));
	passes(SECOND);
	assert_int_equal(count, 1);
	assert_string_equal(last()->exe, "/bin/ls");
}

static void an_exec_that_failed_is_nothing(void **state)
{
	(void)state;
	tries(7, 1, 0, TEXT("/no/such\0\0such"));
	fails(7);
	fails(8);
	passes(SECOND);
	assert_int_equal(count, 0);
	assert_int_equal(table.pending_count, 0);
}

static void
a_program_that_cannot_speak_is_reported_after_its_time_with_an_unknown_result(void **state)
{
	(void)state;
	tries(7, 1, 0, TEXT("/static\0\0static\0-x"));
	passes(PROC_PENDING_NS - 1);
	assert_int_equal(count, 0);
	passes(1);
	assert_int_equal(count, 1);
	assert_false(last()->known);
	assert_string_equal(last()->exe, "/static");
	assert_true(last()->claimed);
}

static void what_a_launcher_started_is_known_to_run_and_not_claimed(void **state)
{
	(void)state;
	tries(7, 1, RECORD_LAUNCHED | RECORD_FIRST, TEXT("/static\0\0static"));
	passes(PROC_PENDING_NS);
	assert_int_equal(count, 1);
	assert_true(last()->known);
	assert_false(last()->claimed);
	assert_int_equal(last()->origin, PROC_ORIGIN_ENTRYPOINT);
}

static void a_failure_does_not_take_back_what_a_launcher_saw(void **state)
{
	(void)state;
	tries(7, 1, RECORD_LAUNCHED | RECORD_FIRST, TEXT("/bin/sh\0\0sh"));
	fails(7);
	tries(7, 1, 0, TEXT("/bin/ls\0\0ls"));
	assert_int_equal(count, 1);
	assert_string_equal(last()->exe, "/bin/sh");
	done(7, 1, TEXT("/bin/ls\0/\0ls"));
	assert_int_equal(count, 2);
}

static void a_launcher_takes_its_own_word_back(void **state)
{
	(void)state;
	tries(7, 1, RECORD_LAUNCHED | RECORD_FIRST, TEXT("/no/program\0\0x"));
	refuses(7);
	passes(PROC_PENDING_NS);
	assert_int_equal(count, 0);
}

static void a_parent_that_spawned_and_its_child_make_one_event_in_either_order(void **state)
{
	uint64_t before = clock_ns;

	(void)state;
	clock_ns += 5000;
	done(8, 7, TEXT("/bin/ls\0/\0ls"));
	feed((struct record){.kind = RECORD_EXEC_TRY,
	                     .flags = RECORD_SPAWNED,
	                     .pid = 8,
	                     .ppid = 7,
	                     .time_ns = before},
	     TEXT("/bin/ls\0\0ls"));
	passes(SECOND);
	assert_int_equal(count, 1);
	tries(9, 7, RECORD_SPAWNED, TEXT("/bin/ls\0\0ls"));
	clock_ns += 5000;
	done(9, 7, TEXT("/bin/ls\0/\0ls"));
	passes(SECOND);
	assert_int_equal(count, 2);
}

static void a_spawned_program_that_never_speaks_ran_all_the_same(void **state)
{
	(void)state;
	tries(8, 7, RECORD_SPAWNED, TEXT("/static\0\0static"));
	passes(PROC_PENDING_NS);
	assert_int_equal(count, 1);
	assert_true(last()->known);
}

static void a_spawn_after_the_pids_last_word_is_of_a_new_process(void **state)
{
	(void)state;
	done(8, 7, TEXT("/bin/ls\0/\0ls"));
	clock_ns += SECOND;
	tries(8, 7, RECORD_SPAWNED, TEXT("/static\0\0static"));
	passes(PROC_PENDING_NS);
	assert_int_equal(count, 2);
	assert_string_equal(last()->exe, "/static");
}

static void a_program_slower_than_its_time_is_not_said_twice(void **state)
{
	(void)state;
	tries(7, 1, RECORD_LAUNCHED | RECORD_FIRST, TEXT("/bin/sh\0\0sh"));
	tries(8, 7, 0, TEXT("ls\0/bin\0ls\0-l"));
	passes(PROC_PENDING_NS);
	assert_int_equal(count, 2);
	clock_ns += SECOND;
	done(7, 1, TEXT("/bin/dash\0/\0sh"));
	done(8, 7, TEXT("/bin/ls\0/bin\0ls\0-l"));
	assert_int_equal(count, 2);
	/* Its next exec is one again. */
	done(8, 7, TEXT("/bin/ls\0/bin\0ls\0-l"));
	assert_int_equal(count, 3);
}

static void a_guess_longer_than_what_is_kept_is_compared_as_far_as_that_goes(void **state)
{
	static char text[1000];
	size_t len;

	(void)state;
	text[0] = '/';
	memset(text + 1, 'p', 300);
	memcpy(text + 302, "cmd", 4);
	memset(text + 306, 'a', 400);
	len = 707;
	tries(8, 7, 0, text, len);
	passes(PROC_PENDING_NS);
	assert_int_equal(count, 1);
	done(8, 7, text, len);
	assert_int_equal(count, 1);
	tries(9, 7, 0, text, len);
	passes(PROC_PENDING_NS);
	text[310] = 'b';
	done(9, 7, text, len);
	assert_int_equal(count, 3);
}

static void a_pid_that_is_spawned_anew_before_its_first_program_spoke_is_two(void **state)
{
	(void)state;
	tries(8, 7, RECORD_SPAWNED, TEXT("/static\0\0static"));
	passes(PROC_PENDING_NS);
	tries(8, 7, RECORD_SPAWNED, TEXT("/static\0\0static"));
	passes(PROC_PENDING_NS);
	assert_int_equal(count, 2);
}

static void a_guess_does_not_hide_another_program(void **state)
{
	(void)state;
	tries(8, 7, 0, TEXT("/bin/innocent\0\0innocent"));
	passes(PROC_PENDING_NS);
	assert_int_equal(count, 1);
	done(8, 7, TEXT("/bin/evil\0/\0innocent"));
	assert_int_equal(count, 2);
	assert_string_equal(last()->exe, "/bin/evil");
	tries(9, 7, 0, TEXT("/bin/sh\0\0sh\0-c\0true"));
	passes(PROC_PENDING_NS);
	done(9, 7, TEXT("/bin/sh\0/\0sh\0-c\0evil"));
	assert_int_equal(count, 4);
}

static void a_clock_that_was_set_back_makes_no_second_event(void **state)
{
	(void)state;
	tries(7, 1, RECORD_LAUNCHED | RECORD_FIRST, TEXT("/bin/sh\0\0sh"));
	passes(PROC_PENDING_NS);
	assert_int_equal(count, 1);
	feed((struct record){.kind = RECORD_EXEC_DONE,
	                     .pid = 7,
	                     .ppid = 1,
	                     .time_ns = clock_ns - SECOND},
	     TEXT("/bin/sh\0/\0sh"));
	assert_int_equal(count, 1);
}

static void a_word_that_comes_too_late_is_another_programs(void **state)
{
	(void)state;
	tries(7, 1, RECORD_LAUNCHED | RECORD_FIRST, TEXT("/bin/sh\0\0sh"));
	passes(PROC_PENDING_NS);
	clock_ns += PROC_LATE_NS;
	done(7, 1, TEXT("/bin/sh\0/\0sh"));
	assert_int_equal(count, 2);
}

static void an_end_gives_out_what_is_pending_first(void **state)
{
	(void)state;
	tries(8, 7, 0, TEXT("/static\0\0static"));
	ends(8, 0x300);
	assert_int_equal(count, 2);
	assert_int_equal(seen[0].type, PROC_EXECVE);
	assert_int_equal(seen[1].type, PROC_EXIT);
	assert_int_equal(seen[1].result, 0x300);
	assert_true(seen[1].known);
	assert_false(seen[1].claimed);
	assert_string_equal(seen[1].exe, "/static");
	assert_null(proc_find(&table, 3, 8));
}

static void an_end_is_said_by_the_reaper_so_the_user_is_the_one_of_the_start(void **state)
{
	(void)state;
	done(8, 7, TEXT("/bin/ls\0/\0ls"));
	ends(8, 0);
	assert_int_equal(last()->uid, 33);
	assert_int_equal(last()->gid, 34);
	assert_int_equal(last()->ppid, 7);
	assert_false(last()->who_unknown);
	ends(9, 9);
	assert_true(last()->who_unknown);
	assert_string_equal(last()->exe, "");
}

static void a_pid_that_ended_is_a_new_process_when_it_speaks_again(void **state)
{
	(void)state;
	tries(7, 1, RECORD_LAUNCHED | RECORD_FIRST, TEXT("/bin/sh\0\0sh"));
	done(7, 1, TEXT("/bin/sh\0/\0sh"));
	tries(20, 1, RECORD_LAUNCHED | RECORD_SESSION, TEXT("/bin/sh\0\0sh"));
	done(20, 1, TEXT("/bin/sh\0/\0sh"));
	done(8, 20, TEXT("/bin/ls\0/\0ls"));
	assert_int_equal(last()->origin, PROC_ORIGIN_EXEC);
	ends(8, 0);
	done(8, 7, TEXT("/bin/cat\0/\0cat"));
	assert_string_equal(last()->exe, "/bin/cat");
	assert_int_equal(last()->origin, PROC_ORIGIN_ENTRYPOINT);
	assert_int_equal(last()->parents[0], 7);
}

static void a_pid_that_is_used_anew_without_an_end_has_its_new_parents_origin(void **state)
{
	(void)state;
	tries(7, 1, RECORD_LAUNCHED | RECORD_FIRST, TEXT("/bin/sh\0\0sh"));
	tries(20, 1, RECORD_LAUNCHED | RECORD_SESSION, TEXT("/bin/sh\0\0sh"));
	passes(PROC_PENDING_NS);
	done(8, 20, TEXT("/bin/ls\0/\0ls"));
	done(8, 7, TEXT("/bin/ls\0/\0ls"));
	assert_int_equal(last()->origin, PROC_ORIGIN_ENTRYPOINT);
	assert_int_equal(last()->ppid, 7);
}

static void a_process_keeps_its_origin_through_its_programs(void **state)
{
	(void)state;
	tries(20, 1, RECORD_LAUNCHED | RECORD_SESSION, TEXT("/bin/sh\0\0sh"));
	passes(PROC_PENDING_NS);
	assert_int_equal(last()->origin, PROC_ORIGIN_EXEC);
	done(20, 1, TEXT("/bin/cat\0/\0cat")); /* the shell's own word, later */
	tries(20, 1, 0, TEXT("/bin/ls\0\0ls"));
	done(20, 1, TEXT("/bin/ls\0/\0ls"));
	assert_int_equal(count, 2);
	assert_int_equal(last()->origin, PROC_ORIGIN_EXEC);
}

static void an_orphan_is_the_entrypoints_until_a_session_was_seen(void **state)
{
	(void)state;
	done(30, 1, TEXT("/bin/ls\0/\0ls"));
	assert_int_equal(last()->origin, PROC_ORIGIN_ENTRYPOINT);
	tries(20, 1, RECORD_LAUNCHED | RECORD_SESSION, TEXT("/bin/sh\0\0sh"));
	done(31, 1, TEXT("/bin/ls\0/\0ls"));
	assert_int_equal(last()->origin, PROC_ORIGIN_UNKNOWN);
}

static void an_init_containers_processes_are_of_init(void **state)
{
	(void)state;
	web.origin = PROC_ORIGIN_INIT;
	tries(7, 1, RECORD_LAUNCHED | RECORD_FIRST, TEXT("/bin/sh\0\0sh"));
	done(7, 1, TEXT("/bin/sh\0/\0sh"));
	assert_int_equal(last()->origin, PROC_ORIGIN_INIT);
	done(8, 7, TEXT("/bin/ls\0/\0ls"));
	assert_int_equal(last()->origin, PROC_ORIGIN_INIT);
}

static void a_session_that_spoke_before_its_launcher_is_one_from_then_on(void **state)
{
	(void)state;
	done(20, 19, TEXT("/bin/sh\0/\0sh"));
	clock_ns += 1000;
	tries(20, 19, RECORD_LAUNCHED | RECORD_SESSION, TEXT("/bin/sh\0\0sh"));
	passes(SECOND);
	assert_int_equal(count, 1);
	assert_true(web.mixed);
	done(21, 20, TEXT("/bin/ls\0/\0ls"));
	assert_int_equal(last()->origin, PROC_ORIGIN_EXEC);
}

static void an_open_is_described_by_what_is_known_of_its_process(void **state)
{
	(void)state;
	done(7, 1, TEXT("/bin/sh\0/srv\0sh\0-c\0x"));
	feed((struct record){.kind = RECORD_OPEN, .pid = 7, .uid = 12, .args = {0x241, 0644}},
	     TEXT("../etc/x\0/srv"));
	assert_int_equal(last()->type, PROC_OPENAT);
	assert_string_equal(last()->path, "/etc/x");
	assert_string_equal(last()->name, "sh");
	assert_string_equal(last()->exe, "/bin/sh");
	assert_int_equal(last()->ppid, 1);
	assert_int_equal(last()->uid, 12); /* of now, not of its start */
	assert_true(last()->known);
	feed((struct record){.kind = RECORD_OPEN, .pid = 99, .result = -13}, TEXT("x\0"));
	assert_string_equal(last()->path, "x");
	assert_string_equal(last()->exe, "");
	assert_int_equal(last()->ppid, 0);
	assert_int_equal(last()->result, -13);
}

static void a_connect_that_is_under_way_has_no_known_result(void **state)
{
	const char address[16] = {2};

	(void)state;
	feed((struct record){.kind = RECORD_CONNECT,
	                     .flags = RECORD_IN_PROGRESS,
	                     .pid = 7,
	                     .result = -115},
	     address, sizeof(address));
	assert_int_equal(last()->type, PROC_CONNECT);
	assert_int_equal(last()->address_len, 16);
	assert_false(last()->known);
	feed((struct record){.kind = RECORD_CONNECT, .pid = 7}, address, sizeof(address));
	assert_true(last()->known);
}

static void the_end_of_a_source_gives_out_and_forgets_what_is_its_own(void **state)
{
	static struct proc_source other = {.container = 4, .origin = PROC_ORIGIN_ENTRYPOINT};

	(void)state;
	done(7, 1, TEXT("/bin/sh\0/\0sh"));
	tries(8, 7, 0, TEXT("/static\0\0static"));
	proc_feed(&table, &other, &next.head, clock_ns, on_event, &table);
	proc_end(&table, &web, on_event, &table);
	assert_int_equal(count, 2);
	assert_null(proc_find(&table, 3, 7));
	assert_null(proc_find(&table, 3, 8));
	assert_int_equal(table.pending_count, 1);
	proc_end(&table, &other, on_event, &table);
	assert_int_equal(count, 3);
	assert_int_equal(table.count, 0);
}

#define CASE(test) cmocka_unit_test_setup(test, fresh)

TEST_MAIN(CASE(a_try_and_its_done_are_one_execve_in_the_words_of_the_program),
          CASE(a_search_along_path_gives_no_event_but_the_one_that_worked),
          CASE(an_exec_that_failed_is_nothing),
          CASE(a_program_that_cannot_speak_is_reported_after_its_time_with_an_unknown_result),
          CASE(what_a_launcher_started_is_known_to_run_and_not_claimed),
          CASE(a_failure_does_not_take_back_what_a_launcher_saw),
          CASE(a_launcher_takes_its_own_word_back),
          CASE(a_parent_that_spawned_and_its_child_make_one_event_in_either_order),
          CASE(a_spawned_program_that_never_speaks_ran_all_the_same),
          CASE(a_spawn_after_the_pids_last_word_is_of_a_new_process),
          CASE(a_program_slower_than_its_time_is_not_said_twice),
          CASE(a_guess_longer_than_what_is_kept_is_compared_as_far_as_that_goes),
          CASE(a_pid_that_is_spawned_anew_before_its_first_program_spoke_is_two),
          CASE(a_guess_does_not_hide_another_program),
          CASE(a_clock_that_was_set_back_makes_no_second_event),
          CASE(a_word_that_comes_too_late_is_another_programs),
          CASE(an_end_gives_out_what_is_pending_first),
          CASE(an_end_is_said_by_the_reaper_so_the_user_is_the_one_of_the_start),
          CASE(a_pid_that_ended_is_a_new_process_when_it_speaks_again),
          CASE(a_pid_that_is_used_anew_without_an_end_has_its_new_parents_origin),
          CASE(a_process_keeps_its_origin_through_its_programs),
          CASE(an_orphan_is_the_entrypoints_until_a_session_was_seen),
          CASE(an_init_containers_processes_are_of_init),
          CASE(a_session_that_spoke_before_its_launcher_is_one_from_then_on),
          CASE(an_open_is_described_by_what_is_known_of_its_process),
          CASE(a_connect_that_is_under_way_has_no_known_result),
          CASE(the_end_of_a_source_gives_out_and_forgets_what_is_its_own))
