#include "webhook/admit/stop.h"

#include <time.h>

#include "tests/harness.h"

static void *wait_long(void *ctx)
{
	static const char waited = 1;

	return stop_wait(ctx, 600000) ? (void *)(uintptr_t)&waited : NULL;
}

static void waiting_ends_when_asked(void **unused)
{
	struct stop stop;
	pthread_t threads[4];
	void *result;

	(void)unused;
	assert_int_equal(stop_init(&stop), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, wait_long, &stop), 0);
	stop_ask(&stop);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_null(result);
	}
	stop_done(&stop);
}

static void without_being_asked_the_time_passes(void **unused)
{
	struct stop stop;
	struct timespec before, after;

	(void)unused;
	assert_int_equal(stop_init(&stop), 0);
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_true(stop_wait(&stop, 30));
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec >=
	            30000000);
	stop_ask(&stop);
	assert_false(stop_wait(&stop, 600000));
	assert_false(stop_wait(&stop, 0));
	stop_done(&stop);
}

TEST_MAIN(cmocka_unit_test(waiting_ends_when_asked),
          cmocka_unit_test(without_being_asked_the_time_passes))
