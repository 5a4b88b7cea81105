#include "webhook/admit/config.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "injector/base/err.h"
#include "tests/harness.h"
#include "webhook/policy/policy.h"

static char path[64];

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int make_path(void **state)
{
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/config_test.XXXXXX");
	fd = mkstemp(path);
	return fd >= 0 ? close(fd) : -1;
}

static int remove_path(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void count(void *ctx, const struct diff *diff)
{
	(void)diff;
	++*(unsigned *)ctx;
}

/* Reload, expecting `outcome`, `count_wanted` keys that changed, and `words` in the message. */
static void reload(struct config *config, enum config_outcome outcome, unsigned count_wanted,
                   const char *words)
{
	struct err err = {0};
	unsigned counted = 0;

	assert_int_equal(config_reload(config, count, &counted, &err), outcome);
	assert_int_equal(counted, count_wanted);
	if (!strstr(err.text, words))
		fail_msg("no \"%s\" in \"%s\"", words, err.text);
	assert_int_equal(atomic_load(&config->is_last_good),
	                 outcome != CONFIG_REFUSED && config->refusal == 0);
}

static void is_mode(struct config *config, const char *mode)
{
	const struct policy *policy = config_get(config);

	assert_string_equal(policy->mode, mode);
	config_put(config, policy);
}

static void a_good_file_is_taken_and_a_bad_one_is_not(void **state)
{
	struct config config;
	struct err err = {0};

	(void)state;
	write_file("mode: detect\n");
	assert_int_equal(config_init(&config, path, &err), 0);
	reload(&config, CONFIG_SAME, 0, "");
	write_file("mode: enforce\n");
	reload(&config, CONFIG_TAKEN, 1, "");
	is_mode(&config, "enforce");
	write_file("mode: detect\nmoed: x\n");
	reload(&config, CONFIG_REFUSED, 0, ":2:1: unknown key \"moed\"; did you mean \"mode\"?");
	is_mode(&config, "enforce");
	assert_false(atomic_load(&config.is_last_good));
	write_file("mode: detect\nmode: detect\n");
	reload(&config, CONFIG_REFUSED, 0, ":2:1: ");
	write_file("mode: enforce\n");
	reload(&config, CONFIG_BACK, 0, "");
	write_file("mode: enforce\n# a comment\n");
	reload(&config, CONFIG_TAKEN, 0, "");
	config_done(&config);
	config_done(&config);
}

static void a_refusal_is_told_once(void **state)
{
	struct config config;
	struct err err = {0};

	(void)state;
	write_file("mode: detect\n");
	assert_int_equal(config_init(&config, path, &err), 0);
	write_file("[");
	reload(&config, CONFIG_REFUSED, 0, "config_test");
	assert_int_equal(config_reload(&config, NULL, NULL, &err), CONFIG_SAME);
	assert_false(atomic_load(&config.is_last_good));
	unlink(path);
	reload(&config, CONFIG_REFUSED, 0, "No such file");
	assert_int_equal(config_reload(&config, NULL, NULL, &err), CONFIG_SAME);
	write_file("[");
	reload(&config, CONFIG_REFUSED, 0, "config_test");
	config_done(&config);
}

static void a_file_that_lost_its_text_is_not_the_defaults(void **state)
{
	struct config config;
	struct err err = {0};

	(void)state;
	write_file("mode: enforce\n");
	assert_int_equal(config_init(&config, path, &err), 0);
	write_file("");
	reload(&config, CONFIG_REFUSED, 0, ":1:1: the file is empty");
	write_file(" \n\t\n");
	reload(&config, CONFIG_REFUSED, 0, ":1:1: the file is empty");
	is_mode(&config, "enforce");
	write_file("{}\n");
	reload(&config, CONFIG_TAKEN, 1, "");
	is_mode(&config, "detect");
	config_done(&config);
}

static void without_a_file_the_defaults_hold(void **state)
{
	struct config config;
	struct err err = {0};

	(void)state;
	assert_int_equal(config_init(&config, NULL, &err), 0);
	reload(&config, CONFIG_SAME, 0, "");
	is_mode(&config, "detect");
	config_done(&config);
	assert_int_equal(config_init(&config, "/no/such/file", &err), -ENOENT);
	config_done(&config);
}

static void what_is_held_outlives_its_being_in_force(void **state)
{
	const struct policy *held;
	struct config config;
	struct err err = {0};

	(void)state;
	write_file("mode: enforce\n");
	assert_int_equal(config_init(&config, path, &err), 0);
	held = config_get(&config);
	write_file("mode: detect\n");
	reload(&config, CONFIG_TAKEN, 1, "");
	assert_string_equal(held->mode, "enforce");
	is_mode(&config, "detect");
	config_put(&config, held);
	config_done(&config);
}

static atomic_bool is_over;

static void *read_on(void *ctx)
{
	struct config *config = ctx;
	static const char seen;

	while (!atomic_load(&is_over)) {
		const struct policy *policy = config_get(config);

		/* The two keys are always of one file. */
		if ((strcmp(policy->mode, "enforce") == 0) != (policy->tls.rotate_days == 2))
			return (void *)(uintptr_t)&seen;
		config_put(config, policy);
	}
	return NULL;
}

static void readers_see_one_whole_policy_at_a_time(void **state)
{
	struct config config;
	struct err err = {0};
	pthread_t threads[4];
	void *result;

	(void)state;
	write_file("{mode: detect, tls: {rotateDays: 1}}\n");
	assert_int_equal(config_init(&config, path, &err), 0);
	atomic_store(&is_over, false);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &config), 0);
	for (int i = 0; i < 200; i++) {
		write_file(i % 2 ? "{mode: detect, tls: {rotateDays: 1}}\n"
		                 : "{mode: enforce, tls: {rotateDays: 2}}\n");
		reload(&config, CONFIG_TAKEN, 2, "");
	}
	atomic_store(&is_over, true);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_null(result);
	}
	config_done(&config);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, make_path, remove_path)

TEST_MAIN(WITH_FILE(a_good_file_is_taken_and_a_bad_one_is_not), WITH_FILE(a_refusal_is_told_once),
          WITH_FILE(a_file_that_lost_its_text_is_not_the_defaults),
          WITH_FILE(without_a_file_the_defaults_hold),
          WITH_FILE(what_is_held_outlives_its_being_in_force),
          WITH_FILE(readers_see_one_whole_policy_at_a_time))
