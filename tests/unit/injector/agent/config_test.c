#include "injector/agent/config.h"

#include <errno.h>
#include <stdlib.h>

#include "injector/base/contract.h"
#include "tests/harness.h"

static struct config config;
static struct containers all;
static struct err err;

static int options(const char *first, const char *second)
{
	char *argv[] = {"farguard-agent", (char *)(uintptr_t)first, (char *)(uintptr_t)second,
	                NULL};

	err = (struct err){0};
	return config_options(&config, !first ? 1 : !second ? 2 : 3, argv, &err);
}

static int environment(const char *name, const char *value)
{
	int result;

	assert_int_equal(options(NULL, NULL), 0);
	memset(&all, 0, sizeof(all));
	setenv(name, value, 1);
	result = config_environment(&config, &all, &err);
	unsetenv(name);
	return result;
}

static void without_anything_the_defaults_hold(void **state)
{
	(void)state;
	assert_int_equal(options(NULL, NULL), 0);
	assert_int_equal(config_environment(&config, &all, &err), 0);
	assert_int_equal(config.report.classes, REPORT_PROCESS);
	assert_int_equal(config.report.heartbeat_seconds, HEARTBEAT_SECONDS);
	assert_int_equal(config.coverage_seconds, COVERAGE_SECONDS);
	assert_int_equal(config.restart_policy, RESTART_ALWAYS);
	assert_string_equal(config.report.restart_policy, "Always");
	assert_string_equal(config.spool_dir, CONTRACT_SPOOL_DIR);
	assert_null(config.state_fd);
	assert_int_equal(config.pod.pod.len, 0);
}

static void options_are_taken_or_refused_by_name(void **state)
{
	(void)state;
	assert_int_equal(options("--coverage-seconds", "0"), 0);
	assert_int_equal(config.coverage_seconds, 0);
	assert_int_equal(options("--spool", "/x"), 0);
	assert_string_equal(config.spool_dir, "/x");
	assert_int_equal(options("--version", NULL), 0);
	assert_true(config.version);
	assert_int_equal(options("-h", NULL), 0);
	assert_true(config.help);
	assert_int_equal(options("--coverage-seconds", NULL), -EINVAL);
	assert_string_equal(err.text, "--coverage-seconds wants a number of seconds");
	assert_int_equal(options("--coverage-seconds", "86401"), -EINVAL);
	assert_int_equal(options("--spool", NULL), -EINVAL);
	assert_int_equal(options("x", NULL), -EINVAL);
	assert_string_equal(err.text, "unknown argument 'x'");
}

static void a_number_is_digits_within_its_range(void **state)
{
	static const char *const wrong[] = {"",
	                                    "-1",
	                                    "1x",
	                                    "x",
	                                    "0x10",
	                                    "1.5",
	                                    "86401",
	                                    " -5",
	                                    " 5",
	                                    "+5",
	                                    "-18446744073709551615",
	                                    "18446744073709551617"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(options("--coverage-seconds", wrong[i]), -EINVAL);
	assert_int_equal(options("--coverage-seconds", "86400"), 0);
	for (i = 1; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(environment(CONTRACT_ENV_HEARTBEAT, wrong[i]), -EINVAL);
		assert_int_equal(config.report.heartbeat_seconds, HEARTBEAT_SECONDS);
	}
	assert_int_equal(environment(CONTRACT_ENV_HEARTBEAT, "0"), -EINVAL);
	assert_int_equal(environment(CONTRACT_ENV_HEARTBEAT, ""), 0);
	assert_int_equal(environment(CONTRACT_ENV_HEARTBEAT, "1"), 0);
	assert_int_equal(config.report.heartbeat_seconds, 1);
}

static unsigned classes_of(const char *text, bool known)
{
	unsigned classes = 99;
	size_t len = strlen(text);

	assert_int_equal(config_classes((struct str){test_tail(text, len), len}, &classes), known);
	return classes;
}

static void classes_are_words_and_what_is_not_known_is_left_out(void **state)
{
	(void)state;
	assert_int_equal(classes_of("", true), 0);
	assert_int_equal(classes_of("process,file,network", true),
	                 REPORT_PROCESS | REPORT_FILE | REPORT_NETWORK);
	assert_int_equal(classes_of(",file,,file,", true), REPORT_FILE);
	assert_int_equal(classes_of("file,proces", false), REPORT_FILE);
	assert_int_equal(classes_of("Process", false), 0);
	assert_int_equal(environment(CONTRACT_ENV_EVENTS, ""), 0);
	assert_int_equal(config.report.classes, 0);
	assert_int_equal(environment(CONTRACT_ENV_EVENTS, "file,magic"), -EINVAL);
	assert_non_null(strstr(err.text, "'file,magic' has a class that is not known"));
	assert_int_equal(config.report.classes, REPORT_FILE);
}

static void a_policy_is_one_of_three_words(void **state)
{
	(void)state;
	assert_int_equal(environment(CONTRACT_ENV_RESTART_POLICY, "Never"), 0);
	assert_int_equal(config.restart_policy, RESTART_NEVER);
	assert_string_equal(config.report.restart_policy, "Never");
	assert_int_equal(environment(CONTRACT_ENV_RESTART_POLICY, "OnFailure"), 0);
	assert_int_equal(config.restart_policy, RESTART_ON_FAILURE);
	assert_int_equal(environment(CONTRACT_ENV_RESTART_POLICY, "Always"), 0);
	assert_int_equal(config.restart_policy, RESTART_ALWAYS);
	assert_int_equal(environment(CONTRACT_ENV_RESTART_POLICY, "never"), -EINVAL);
	assert_int_equal(config.restart_policy, RESTART_ALWAYS);
}

static void the_pod_is_what_its_variables_say(void **state)
{
	(void)state;
	assert_int_equal(environment(CONTRACT_ENV_WORKLOAD, "Deployment/web"), 0);
	assert_int_equal(config.pod.workload.len, 14);
	assert_int_equal(environment(CONTRACT_ENV_CONTAINERS, "a main command x;b main"), -EINVAL);
	assert_int_equal(config.report.containers, 1);
	assert_non_null(strstr(err.text, "1 entries are not understood"));
}

static void a_long_wrong_value_is_cut_in_the_message(void **state)
{
	static char text[100000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(environment(CONTRACT_ENV_EVENTS, text), -EINVAL);
	assert_true(strlen(err.text) < ERR_TEXT_MAX);
	assert_int_equal(environment(CONTRACT_ENV_RESTART_POLICY, text), -EINVAL);
	assert_int_equal(environment(CONTRACT_ENV_CONTAINERS, text), -EINVAL);
}

TEST_MAIN(cmocka_unit_test(without_anything_the_defaults_hold),
          cmocka_unit_test(options_are_taken_or_refused_by_name),
          cmocka_unit_test(a_number_is_digits_within_its_range),
          cmocka_unit_test(classes_are_words_and_what_is_not_known_is_left_out),
          cmocka_unit_test(a_policy_is_one_of_three_words),
          cmocka_unit_test(the_pod_is_what_its_variables_say),
          cmocka_unit_test(a_long_wrong_value_is_cut_in_the_message))
