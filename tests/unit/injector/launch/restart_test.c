#include "injector/launch/restart.h"

#include "injector/launch/backoff.h"
#include "tests/harness.h"

static void a_failure_is_answered_by_a_wait_and_a_start(void **state)
{
	(void)state;
	assert_int_equal(restart_act(RESTART_RUNNING, RESTART_FAILED), RESTART_WAIT);
	assert_int_equal(restart_act(RESTART_WAITING, RESTART_DUE), RESTART_START);
}

static void an_end_with_0_is_the_end(void **state)
{
	(void)state;
	assert_int_equal(restart_act(RESTART_RUNNING, RESTART_DONE), RESTART_END);
}

static void who_was_told_to_end_is_not_started_again_when_it_ends(void **state)
{
	(void)state;
	assert_int_equal(restart_act(RESTART_RUNNING, RESTART_TOLD), RESTART_LINGER);
	assert_int_equal(restart_act(RESTART_ENDING, RESTART_FAILED), RESTART_END);
	assert_int_equal(restart_act(RESTART_ENDING, RESTART_DONE), RESTART_END);
}

static void what_ends_in_the_grace_period_is_seen_by_a_successor(void **state)
{
	(void)state;
	assert_int_equal(restart_act(RESTART_ENDING, RESTART_KILLED), RESTART_START_TOLD);
	assert_int_equal(restart_act(RESTART_WAITING, RESTART_TOLD), RESTART_START_TOLD);
}

static void one_that_is_stuck_is_killed_whether_told_or_not(void **state)
{
	(void)state;
	assert_int_equal(restart_act(RESTART_RUNNING, RESTART_STUCK), RESTART_KILL);
	assert_int_equal(restart_act(RESTART_ENDING, RESTART_STUCK), RESTART_KILL);
	assert_int_equal(restart_act(RESTART_RUNNING, RESTART_KILLED), RESTART_WAIT);
}

static void nothing_but_a_due_wait_starts_it(void **state)
{
	int s, e;

	(void)state;
	for (s = 0; s < RESTART_STATES; s++)
		for (e = 0; e < RESTART_EVENTS; e++)
			if (restart_act((enum restart_state)s, (enum restart_event)e) ==
			    RESTART_START)
				assert_true(s == RESTART_WAITING && e == RESTART_DUE);
}

static void the_wait_doubles_up_to_ten_seconds(void **state)
{
	static const unsigned want[] = {100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000};
	struct backoff backoff = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(want) / sizeof(*want); i++)
		assert_int_equal(backoff_next(&backoff, 50), want[i]);
}

static void a_minute_of_life_makes_it_a_new_story(void **state)
{
	struct backoff backoff = {6400};

	(void)state;
	assert_int_equal(backoff_next(&backoff, 59999), 10000);
	assert_int_equal(backoff_next(&backoff, 60000), 100);
	assert_int_equal(backoff_next(&backoff, 0), 200);
}

TEST_MAIN(cmocka_unit_test(a_failure_is_answered_by_a_wait_and_a_start),
          cmocka_unit_test(an_end_with_0_is_the_end),
          cmocka_unit_test(who_was_told_to_end_is_not_started_again_when_it_ends),
          cmocka_unit_test(what_ends_in_the_grace_period_is_seen_by_a_successor),
          cmocka_unit_test(one_that_is_stuck_is_killed_whether_told_or_not),
          cmocka_unit_test(nothing_but_a_due_wait_starts_it),
          cmocka_unit_test(the_wait_doubles_up_to_ten_seconds),
          cmocka_unit_test(a_minute_of_life_makes_it_a_new_story))
