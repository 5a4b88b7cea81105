#include "injector/agent/ends.h"

#include "tests/harness.h"

#define LATER (UNKNOWN_END_NS + 1)

static struct containers all;
static struct ends ends;

static void parse(const char *text)
{
	memset(&all, 0, sizeof(all));
	memset(&ends, 0, sizeof(ends));
	assert_int_equal(containers_parse(&all, (struct str){text, strlen(text)}), 0);
}

static struct container *get(const char *name)
{
	struct container *c = containers_find(&all, (struct str){name, strlen(name)});

	assert_non_null(c);
	return c;
}

static void ended(const char *name, int status)
{
	struct container *c = get(name);

	c->covered = c->ended = c->status_known = true;
	c->pid1 = HELLO_PID1_FARGUARD;
	c->status = status;
}

static bool done(enum restart_policy policy, bool overdue)
{
	return ends_all(&ends, &all, policy, overdue, 1);
}

static void never_is_done_when_every_main_container_has_ended(void **state)
{
	(void)state;
	parse("a main command x;b main command x;i init command x;s sidecar command x;"
	      "n main !excluded x");
	assert_false(done(RESTART_NEVER, true));
	ended("a", 0);
	assert_false(done(RESTART_NEVER, true));
	ended("b", 0x100);
	assert_true(done(RESTART_NEVER, false));
	assert_false(done(RESTART_ALWAYS, true));
	/* One that failed comes back. */
	assert_false(done(RESTART_ON_FAILURE, true));
	ended("b", 0);
	assert_true(done(RESTART_ON_FAILURE, false));
}

static void one_that_wraps_itself_may_never_say_so(void **state)
{
	(void)state;
	parse("a main command x;b main self-wrap x");
	ended("a", 0);
	assert_false(done(RESTART_NEVER, false));
	assert_true(done(RESTART_NEVER, true));
	get("b")->covered = true;
	assert_false(done(RESTART_NEVER, true));
	parse("b main self-wrap x");
	assert_false(done(RESTART_NEVER, true));
	parse("");
	assert_false(done(RESTART_NEVER, true));
}

static void a_launcher_that_is_killed_has_failed(void **state)
{
	(void)state;
	parse("a main command x");
	ended("a", 0);
	get("a")->status_known = false;
	assert_true(done(RESTART_NEVER, false));
	assert_false(done(RESTART_ON_FAILURE, true));
	assert_false(ends_all(&ends, &all, RESTART_ON_FAILURE, true, LATER));
}

static void where_the_program_is_the_first_process_its_end_says_no_status(void **state)
{
	(void)state;
	parse("a main command x");
	ended("a", 0);
	get("a")->status_known = false;
	get("a")->pid1 = HELLO_PID1_PROGRAM;
	assert_true(done(RESTART_NEVER, false));
	/* The kubelet would have started it again by then. */
	assert_false(ends_all(&ends, &all, RESTART_ON_FAILURE, true, 1));
	assert_false(ends_all(&ends, &all, RESTART_ON_FAILURE, true, LATER - 1));
	assert_true(ends_all(&ends, &all, RESTART_ON_FAILURE, true, LATER));
	/* It did, and the time begins anew. */
	get("a")->ended = false;
	assert_false(ends_all(&ends, &all, RESTART_ON_FAILURE, true, LATER));
	get("a")->ended = true;
	assert_false(ends_all(&ends, &all, RESTART_ON_FAILURE, true, LATER + 5));
}

static void one_that_does_not_come_back_to_a_new_agent_has_ended(void **state)
{
	const enum restart_policy policies[] = {RESTART_NEVER, RESTART_ON_FAILURE};
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		parse("a main command x;b main command x");
		ended("a", 0);
		get("a")->before = get("b")->before = get("b")->covered = true;
		assert_true(ends_awaited(&all));
		assert_false(ends_all(&ends, &all, policies[i], false, 1));
		assert_true(ends_all(&ends, &all, policies[i], false, LATER));
		get("b")->before = false;
		assert_false(ends_all(&ends, &all, policies[i], true, LATER));
		assert_false(ends_awaited(&all));
	}
}

static void whom_nobody_could_hear_is_waited_for_no_longer_than_any_other(void **state)
{
	(void)state;
	parse("a main command x;b main command x");
	ended("a", 0);
	assert_false(done(RESTART_NEVER, true));
	ends.deaf = true;
	assert_false(done(RESTART_NEVER, false));
	assert_true(done(RESTART_NEVER, true));
	get("b")->covered = true;
	assert_false(done(RESTART_NEVER, true));
}

static void who_ended_before_the_agent_began_does_not_hold_it_up_for_good(void **state)
{
	const uint64_t late = 1 + UNHEARD_NS;

	(void)state;
	parse("a main command x;b main lookup x");
	assert_false(done(RESTART_NEVER, false));
	assert_false(done(RESTART_NEVER, true));
	assert_false(ends_all(&ends, &all, RESTART_NEVER, true, late - 1));
	assert_true(ends_all(&ends, &all, RESTART_NEVER, true, late));
	assert_true(ends_all(&ends, &all, RESTART_ON_FAILURE, true, late));
	assert_false(ends_all(&ends, &all, RESTART_ALWAYS, true, late));
	get("b")->covered = true;
	assert_false(ends_all(&ends, &all, RESTART_NEVER, true, late));
	ended("b", 0);
	assert_true(ends_all(&ends, &all, RESTART_NEVER, true, late));
}

TEST_MAIN(cmocka_unit_test(never_is_done_when_every_main_container_has_ended),
          cmocka_unit_test(one_that_wraps_itself_may_never_say_so),
          cmocka_unit_test(a_launcher_that_is_killed_has_failed),
          cmocka_unit_test(where_the_program_is_the_first_process_its_end_says_no_status),
          cmocka_unit_test(one_that_does_not_come_back_to_a_new_agent_has_ended),
          cmocka_unit_test(who_ended_before_the_agent_began_does_not_hold_it_up_for_good),
          cmocka_unit_test(whom_nobody_could_hear_is_waited_for_no_longer_than_any_other))
