#include "webhook/admit/circuit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/harness.h"

#define T 1000000 /* any time */

static unsigned opened_count, closed_count;
static char last_why[CIRCUIT_WHY_MAX];

static void on_change(void *ctx, const char *namespace, bool is_open, const char *why)
{
	(void)ctx;
	assert_true(*namespace != '\0');
	opened_count += is_open;
	closed_count += !is_open;
	if (is_open)
		snprintf(last_why, sizeof(last_why), "%s", why);
}

static int set_up(void **state)
{
	static struct circuit circuit;

	opened_count = closed_count = 0;
	*state = &circuit;
	return circuit_init(&circuit, on_change, NULL);
}

static int tear_down(void **state)
{
	circuit_done(*state);
	return 0;
}

static bool is_open(struct circuit *circuit, int64_t now_s)
{
	return circuit_is_open(circuit, "shop", now_s);
}

static void fails(struct circuit *circuit, uint64_t id, int64_t now_s)
{
	circuit_fails(circuit, "shop", id, now_s - 50, "pod web, farguard-install: ErrImagePull",
	              now_s);
}

/* Opened at T + 10 by pod 1. */
static void open_it(struct circuit *circuit)
{
	fails(circuit, 1, T);
	assert_true(is_open(circuit, T + CIRCUIT_FAILS_S));
}

static void failing_for_ten_seconds_opens_one_namespace(void **state)
{
	struct circuit *circuit = *state;

	assert_false(is_open(circuit, T));
	fails(circuit, 1, T);
	assert_false(is_open(circuit, T));
	assert_false(is_open(circuit, T + CIRCUIT_FAILS_S - 1));
	assert_int_equal(opened_count, 0);
	assert_true(is_open(circuit, T + CIRCUIT_FAILS_S));
	assert_true(is_open(circuit, T + CIRCUIT_FAILS_S + 1));
	assert_false(circuit_is_open(circuit, "sho", T + 60));
	assert_false(circuit_is_open(circuit, "shops", T + 60));
	assert_int_equal(opened_count, 1);
	assert_string_equal(last_why, "pod web, farguard-install: ErrImagePull");
}

static void what_is_told_again_fails_since_the_first_time(void **state)
{
	struct circuit *circuit = *state;

	fails(circuit, 1, T);
	fails(circuit, 1, T + 4);
	fails(circuit, 1, T + 8);
	assert_true(is_open(circuit, T + CIRCUIT_FAILS_S));
}

static void pod_that_recovers_in_time_opens_nothing(void **state)
{
	struct circuit *circuit = *state;

	fails(circuit, 1, T);
	circuit_started(circuit, "shop", 1, T + 5, T + 6);
	assert_false(is_open(circuit, T + 60));
	fails(circuit, 2, T + 100);
	circuit_gone(circuit, "shop", 2, T + 105);
	assert_false(is_open(circuit, T + 200));
	assert_int_equal(opened_count, 0);
	assert_int_equal(atomic_load(&circuit->troubled), 0);
}

static void one_bad_pod_beside_good_ones_opens_nothing(void **state)
{
	struct circuit *circuit = *state;

	fails(circuit, 1, T);
	circuit_started(circuit, "shop", 2, T + 3, T + 3);
	assert_false(is_open(circuit, T + 1000));
	/* But another one that fails after that does. */
	fails(circuit, 3, T + 1000);
	assert_true(is_open(circuit, T + 1000 + CIRCUIT_FAILS_S));
}

static void old_success_told_again_speaks_for_nothing(void **state)
{
	struct circuit *circuit = *state;

	circuit_started(circuit, "shop", 7, T - 500, T - 499);
	fails(circuit, 1, T);
	/* Its readiness changes: the same time of start. */
	circuit_started(circuit, "shop", 7, T - 500, T + 5);
	assert_true(is_open(circuit, T + CIRCUIT_FAILS_S));
	circuit_started(circuit, "shop", 7, T - 500, T + 20);
	assert_true(is_open(circuit, T + 20));
}

static void hanging_pod_that_starts_closes(void **state)
{
	struct circuit *circuit = *state;

	open_it(circuit);
	/* The node's clock is behind. */
	circuit_started(circuit, "shop", 1, T - 300, T + 90);
	assert_false(is_open(circuit, T + 90));
	assert_int_equal(opened_count, 1);
	assert_int_equal(closed_count, 1);
	fails(circuit, 2, T + 100);
	assert_true(is_open(circuit, T + 110));
	assert_int_equal(opened_count, 2);
}

static void deleting_the_hanging_pod_does_not_close(void **state)
{
	struct circuit *circuit = *state;

	open_it(circuit);
	circuit_gone(circuit, "shop", 1, T + 20);
	assert_true(is_open(circuit, T + 21));
	assert_int_equal(closed_count, 0);
}

/* A pod that fails and is deleted before anybody looks counts all the same. */
static void pod_deleted_after_its_time_has_opened(void **state)
{
	struct circuit *circuit = *state;

	fails(circuit, 1, T);
	circuit_gone(circuit, "shop", 1, T + 30);
	assert_true(is_open(circuit, T + 31));
}

static void after_the_pause_one_is_let_through(void **state)
{
	struct circuit *circuit = *state;
	int64_t next_s = T + CIRCUIT_FAILS_S + CIRCUIT_PAUSE_S;

	open_it(circuit);
	assert_true(is_open(circuit, next_s - 1));
	circuit_injected(circuit, "shop", next_s - 1);
	assert_false(is_open(circuit, next_s));
	/* Asking alone, as a dry run does, takes nothing. */
	assert_false(is_open(circuit, next_s + 5));
	circuit_injected(circuit, "shop", next_s + 5);
	assert_true(is_open(circuit, next_s + 5));
	assert_int_equal(closed_count, 0);
	circuit_started(circuit, "shop", 9, next_s + 15, next_s + 15);
	assert_false(is_open(circuit, next_s + 15));
	assert_int_equal(closed_count, 1);
}

static void trial_that_fails_doubles_the_pause_up_to_its_maximum(void **state)
{
	struct circuit *circuit = *state;
	int64_t next_s = T + CIRCUIT_FAILS_S + CIRCUIT_PAUSE_S, pause_s = CIRCUIT_PAUSE_S;

	open_it(circuit);
	for (uint64_t id = 10; id < 16; id++) {
		assert_true(is_open(circuit, next_s - 1));
		assert_false(is_open(circuit, next_s));
		circuit_injected(circuit, "shop", next_s);
		fails(circuit, id, next_s + 5);
		assert_true(is_open(circuit, next_s + 5 + CIRCUIT_FAILS_S));
		pause_s = pause_s * 2 < CIRCUIT_PAUSE_S_MAX ? pause_s * 2 : CIRCUIT_PAUSE_S_MAX;
		next_s += 5 + CIRCUIT_FAILS_S + pause_s;
		circuit_gone(circuit, "shop", id, next_s - 10);
	}
	assert_int_equal(pause_s, CIRCUIT_PAUSE_S_MAX);
	assert_int_equal(opened_count, 1);
	assert_int_equal(closed_count, 0);
}

static void trial_nothing_is_heard_of_gives_way_to_another(void **state)
{
	struct circuit *circuit = *state;
	int64_t next_s = T + CIRCUIT_FAILS_S + CIRCUIT_PAUSE_S;

	open_it(circuit);
	circuit_injected(circuit, "shop", next_s);
	assert_true(is_open(circuit, next_s + CIRCUIT_TRIAL_S - 1));
	assert_false(is_open(circuit, next_s + CIRCUIT_TRIAL_S));
	circuit_injected(circuit, "shop", next_s + CIRCUIT_TRIAL_S);
	assert_true(is_open(circuit, next_s + CIRCUIT_TRIAL_S));
}

static void trial_of_another_replica_counts(void **state)
{
	struct circuit *circuit = *state;
	int64_t next_s = T + CIRCUIT_FAILS_S + CIRCUIT_PAUSE_S;

	open_it(circuit);
	fails(circuit, 2, next_s + 3);
	assert_true(is_open(circuit, next_s + 3 + CIRCUIT_FAILS_S));
	assert_true(is_open(circuit, next_s + 3 + CIRCUIT_FAILS_S + CIRCUIT_PAUSE_S));
}

static void refusal_opens_at_once(void **state)
{
	struct circuit *circuit = *state;

	circuit_refused(circuit, "shop", T, "image is not allowed", T + 1);
	assert_true(is_open(circuit, T + 1));
	assert_string_equal(last_why, "image is not allowed");
	circuit_started(circuit, "shop", 1, T + 60, T + 60);
	assert_false(is_open(circuit, T + 60));
	/* Told again by a list. */
	circuit_refused(circuit, "shop", T, "image is not allowed", T + 61);
	assert_false(is_open(circuit, T + 61));
}

static void refusal_of_long_ago_is_past(void **state)
{
	struct circuit *circuit = *state;

	circuit_refused(circuit, "shop", T - CIRCUIT_PAUSE_S - 1, "image is not allowed", T);
	assert_false(is_open(circuit, T));
}

static void refused_trial_opens_again(void **state)
{
	struct circuit *circuit = *state;
	int64_t next_s = T + CIRCUIT_PAUSE_S;

	circuit_refused(circuit, "shop", T, "image is not allowed", T);
	assert_false(is_open(circuit, next_s));
	circuit_injected(circuit, "shop", next_s);
	circuit_refused(circuit, "shop", next_s, "image is not allowed", next_s + 1);
	assert_true(is_open(circuit, next_s + 1 + CIRCUIT_PAUSE_S));
	assert_false(is_open(circuit, next_s + 1 + 2 * CIRCUIT_PAUSE_S));
}

static void list_says_since_when(void **state)
{
	struct circuit *circuit = *state;

	circuit_begin_list(circuit);
	circuit_fails(circuit, "shop", 1, T - 600, "old", T);
	circuit_started(circuit, "shop", 2, T - 300, T);
	circuit_fails(circuit, "bank", 3, T - 600, "old", T);
	circuit_end_list(circuit, T);
	/* In the shop one has started since; in the bank none has, and nobody waits ten seconds. */
	assert_false(is_open(circuit, T));
	assert_true(circuit_is_open(circuit, "bank", T));
}

static void pod_that_a_list_lacks_fails_no_more(void **state)
{
	struct circuit *circuit = *state;

	fails(circuit, 1, T);
	fails(circuit, 2, T);
	circuit_begin_list(circuit);
	circuit_fails(circuit, "shop", 2, T - 50, "still", T + 2);
	circuit_end_list(circuit, T + 2);
	circuit_gone(circuit, "shop", 2, T + 3);
	assert_false(is_open(circuit, T + 60));
}

static void another_image_closes_all(void **state)
{
	struct circuit *circuit = *state;

	circuit_image(circuit, "a:1");
	open_it(circuit);
	circuit_image(circuit, "a:1");
	assert_true(is_open(circuit, T + 20));
	circuit_image(circuit, "a:2");
	assert_false(is_open(circuit, T + 21));
	assert_int_equal(closed_count, 1);
	assert_int_equal(atomic_load(&circuit->troubled), 0);
}

static void time_in_the_future_holds_nothing_open(void **state)
{
	struct circuit *circuit = *state;

	circuit_started(circuit, "shop", 9, T + 100000, T);
	fails(circuit, 1, T + 10);
	assert_true(is_open(circuit, T + 20));
	circuit_refused(circuit, "shop", T + 100000, "later", T + 21);
	circuit_started(circuit, "shop", 1, T + 22, T + 22);
	assert_false(is_open(circuit, T + 22));
}

/* More failing pods than are kept, all of them of one namespace. */
static void many_failing_pods_are_one_circuit(void **state)
{
	struct circuit *circuit = *state;
	char name[32];

	for (uint64_t id = 0; id < 1000; id++)
		fails(circuit, id, T);
	assert_true(is_open(circuit, T + 10));
	circuit_started(circuit, "shop", 5000, T + 20, T + 20);
	assert_false(is_open(circuit, T + 20));
	/* What has become old makes room. */
	fails(circuit, 6000, T + 30);
	assert_true(is_open(circuit, T + 40));
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "ns-%u", i * 7919 % 3000);
		circuit_started(circuit, name, i, T, T);
	}
	assert_int_equal(circuit->count, 3001);
	for (size_t i = 1; i < 100; i++) {
		snprintf(name, sizeof(name), "ns-%zu", i);
		circuit_fails(circuit, name, i, T, "x", T + 1);
		assert_true(circuit_is_open(circuit, name, T + 11));
	}
	/* Successes of long ago are forgotten, troubles not. */
	circuit_begin_list(circuit);
	for (size_t i = 1; i < 100; i++) {
		snprintf(name, sizeof(name), "ns-%zu", i);
		circuit_fails(circuit, name, i, T, "x", T + 4000);
	}
	circuit_end_list(circuit, T + 4000);
	assert_int_equal(circuit->count, 100);
}

static void what_was_open_is_listed(void **state)
{
	struct circuit *circuit = *state;
	struct circuit_row *rows;

	assert_int_equal(circuit_list(circuit, T, &rows), 0);
	assert_null(rows);
	fails(circuit, 1, T);
	circuit_fails(circuit, "bank", 2, T, "x", T);
	circuit_started(circuit, "bank", 2, T + 1, T + 1);
	/* Asking is enough to see that it opens. */
	assert_int_equal(circuit_list(circuit, T + 10, &rows), 1);
	assert_string_equal(rows[0].namespace, "shop");
	assert_true(rows[0].is_open);
	free(rows);
	assert_int_equal(opened_count, 1);
	circuit_started(circuit, "shop", 1, T + 20, T + 20);
	assert_int_equal(circuit_list(circuit, T + 20, &rows), 1);
	assert_false(rows[0].is_open);
	free(rows);
}

static void namespace_that_is_none_is_left_out(void **state)
{
	struct circuit *circuit = *state;
	char name[CIRCUIT_NAME_MAX + 1];

	memset(name, 'n', sizeof(name));
	name[CIRCUIT_NAME_MAX] = '\0';
	circuit_fails(circuit, name, 1, T, "x", T);
	circuit_refused(circuit, name, T, "x", T);
	circuit_started(circuit, name, 1, T, T);
	assert_false(circuit_is_open(circuit, name, T + 100));
	assert_int_equal(circuit->count, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

TEST_MAIN(CASE(failing_for_ten_seconds_opens_one_namespace),
          CASE(what_is_told_again_fails_since_the_first_time),
          CASE(pod_that_recovers_in_time_opens_nothing),
          CASE(one_bad_pod_beside_good_ones_opens_nothing),
          CASE(old_success_told_again_speaks_for_nothing), CASE(hanging_pod_that_starts_closes),
          CASE(deleting_the_hanging_pod_does_not_close),
          CASE(pod_deleted_after_its_time_has_opened), CASE(after_the_pause_one_is_let_through),
          CASE(trial_that_fails_doubles_the_pause_up_to_its_maximum),
          CASE(trial_nothing_is_heard_of_gives_way_to_another),
          CASE(trial_of_another_replica_counts), CASE(refusal_opens_at_once),
          CASE(refusal_of_long_ago_is_past), CASE(refused_trial_opens_again),
          CASE(list_says_since_when), CASE(pod_that_a_list_lacks_fails_no_more),
          CASE(another_image_closes_all), CASE(time_in_the_future_holds_nothing_open),
          CASE(many_failing_pods_are_one_circuit), CASE(what_was_open_is_listed),
          CASE(namespace_that_is_none_is_left_out))
