#include "webhook/admit/options.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/harness.h"

/* What it says is tests/case's; here only the result. */
static int parse(struct options *options, const char *const *args)
{
	char *argv[16] = {(char *)(uintptr_t) "farguard-webhook"};
	int argc = 1, kept = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC), r;

	while (args[argc - 1]) {
		argv[argc] = (char *)(uintptr_t)args[argc - 1];
		argc++;
	}
	dup2(null, STDERR_FILENO);
	r = options_parse(options, argc, argv);
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(null);
	return r;
}

static int setup(void **unused)
{
	(void)unused;
	unsetenv("KUBERNETES_SERVICE_HOST");
	unsetenv("KUBERNETES_SERVICE_PORT");
	unsetenv("POD_NAMESPACE");
	return 0;
}

static void in_a_pod_the_kubelets_variables_count(void **unused)
{
	const char *const none[] = {NULL};
	struct options options;

	(void)unused;
	setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
	setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	setenv("POD_NAMESPACE", "guards", 1);
	assert_int_equal(parse(&options, none), 0);
	assert_string_equal(options.api_server, "https://10.96.0.1:443");
	assert_string_equal(options.namespace, "guards");
	assert_non_null(options.ca_file);
	assert_non_null(options.token_file);
	setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
	assert_int_equal(parse(&options, none), 0);
	assert_string_equal(options.api_server, "https://[fd00::1]:443");
}

static void the_command_line_wins(void **unused)
{
	const char *const args[] = {"--api-server",  "http://127.0.0.1:1",
	                            "--namespace=x", "--log-level",
	                            "debug",         NULL};
	struct options options;

	(void)unused;
	setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
	setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	setenv("POD_NAMESPACE", "guards", 1);
	assert_int_equal(parse(&options, args), 0);
	assert_string_equal(options.api_server, "http://127.0.0.1:1");
	assert_string_equal(options.namespace, "x");
	assert_null(options.token_file);
	assert_int_equal(options.log_level, LOG_DEBUG);
}

static void outside_of_a_pod_an_address_is_needed(void **unused)
{
	const char *const none[] = {NULL};
	struct options options;

	(void)unused;
	assert_int_equal(parse(&options, none), OPTIONS_CLUSTER);
}

static void numbers_are_numbers(void **unused)
{
	static const char *const wrong[] = {"",  "-1", "+1", "1s", "301", "99999999999999999999",
	                                    " 1"};
	struct options options;

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		const char *const args[] = {"--api-server", "http://127.0.0.1:1", "--drain-seconds",
		                            wrong[i], NULL};

		assert_int_equal(parse(&options, args), OPTIONS_USAGE);
	}
}

TEST_MAIN(cmocka_unit_test_setup(in_a_pod_the_kubelets_variables_count, setup),
          cmocka_unit_test_setup(the_command_line_wins, setup),
          cmocka_unit_test_setup(outside_of_a_pod_an_address_is_needed, setup),
          cmocka_unit_test_setup(numbers_are_numbers, setup))
