#include "webhook/ctl/options.h"

#include <errno.h>

#include "tests/harness.h"
#include "webhook/ctl/verb.h"

#define ALL                                                                                        \
	(OPTIONS_FILES | OPTIONS_FORMAT | OPTIONS_CONFIG | OPTIONS_NAMESPACE | OPTIONS_SIDECARS |  \
	 OPTIONS_COLOR)
#define ARGS_MAX 16

/* options_parse() of words, which end with NULL. */
static int parse(struct options *options, unsigned accepted, const char *const *words)
{
	const struct verb verb = {.name = "inject",
	                          .accepted = accepted,
	                          .formats = 1u << OPTIONS_YAML | 1u << OPTIONS_JSON |
	                                     1u << OPTIONS_PATCH};
	static char text[ARGS_MAX][128];
	char *argv[ARGS_MAX];
	int argc = 0;

	for (; words[argc]; argc++) {
		assert_true(argc < ARGS_MAX && strlen(words[argc]) < sizeof(text[0]));
		memcpy(text[argc], words[argc], strlen(words[argc]) + 1);
		argv[argc] = text[argc];
	}
	return options_parse(options, &verb, argc, argv);
}

#define PARSE(options, accepted, ...)                                                              \
	parse(options, accepted, (const char *const[]){__VA_ARGS__, NULL})

static void nothing_gives_the_defaults(void **state)
{
	struct options options;
	const char *const none[] = {NULL};

	(void)state;
	assert_int_equal(parse(&options, ALL, none), 0);
	assert_int_equal(options.path_count, 0);
	assert_int_equal(options.format, OPTIONS_AS_GIVEN);
	assert_null(options.config);
	assert_null(options.namespace);
	assert_string_equal(options.namespace_inject, "enabled");
	assert_false(options.has_namespace_inject);
	assert_true(options.native_sidecars);
	assert_int_equal(options.color, OPTIONS_COLOR_AUTO);
	assert_false(options.help);
	options_done(&options);
	options_done(&options);
}

static void files_and_operands_keep_their_order(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(
	        PARSE(&options, ALL, "a", "-f", "b", "-fc", "--filename=d", "-", "--", "-o"), 0);
	assert_int_equal(options.path_count, 6);
	assert_string_equal(options.paths[0], "a");
	assert_string_equal(options.paths[1], "b");
	assert_string_equal(options.paths[2], "c");
	assert_string_equal(options.paths[3], "d");
	assert_string_equal(options.paths[4], "-");
	assert_string_equal(options.paths[5], "-o");
	options_done(&options);
}

static void every_option_is_taken_with_a_space_or_an_equals_sign(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(PARSE(&options, ALL, "-o", "patch", "--config", "c", "-n=s",
	                       "--native-sidecars", "false", "--namespace-annotation",
	                       "farguard.io/inject=disabled", "--namespace-annotation",
	                       "farguard.io/pid1=program", "--color=never"),
	                 0);
	assert_int_equal(options.format, OPTIONS_PATCH);
	assert_string_equal(options.config, "c");
	assert_string_equal(options.namespace, "s");
	assert_string_equal(options.namespace_inject, "disabled");
	assert_true(options.has_namespace_inject);
	assert_string_equal(options.namespace_pid1, "program");
	assert_true(options.has_namespace_pid1);
	assert_int_equal(options.color, OPTIONS_COLOR_NEVER);
	assert_false(options.native_sidecars);
	options_done(&options);
	assert_int_equal(PARSE(&options, ALL, "--output=json", "--config=", "--namespace=s",
	                       "--native-sidecars=true",
	                       "--namespace-annotation=farguard.io/inject=", "-h"),
	                 0);
	assert_int_equal(options.format, OPTIONS_JSON);
	assert_string_equal(options.config, "");
	assert_string_equal(options.namespace_inject, "");
	assert_true(options.native_sidecars && options.help);
	options_done(&options);
}

static void the_last_one_counts(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(PARSE(&options, ALL, "-ojson", "-oyaml"), 0);
	assert_int_equal(options.format, OPTIONS_YAML);
	options_done(&options);
}

static void what_is_wrong_is_refused(void **state)
{
	static const char *const wrong[][3] = {
	        {"--frob"},
	        {"-x"},
	        {"--filenam", "x"},
	        {"--filenames", "x"},
	        {"-f"},
	        {"-f", ""},
	        {"--config"},
	        {"-o", "xml"},
	        {"-o", "text"}, /* known, but not to this verb */
	        {"--color", "yes"},
	        {"-o="},
	        {"--native-sidecars", "TRUE"},
	        {"--namespace-annotation", "x"},
	        {"--namespace-annotation", "farguard.io/injected=x"},
	        {"--namespace-annotation", "farguard.io/pid=program"},
	        {"--help=1"},
	        {"-", "-"},
	        {"---"},
	};
	struct options options;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		const char *const words[] = {wrong[i][0], wrong[i][1], wrong[i][2], NULL};

		assert_int_equal(parse(&options, ALL, words), -EINVAL);
		options_done(&options);
	}
}

static void an_option_that_the_verb_does_not_take_is_refused(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(PARSE(&options, OPTIONS_FILES, "-o", "json"), -EINVAL);
	options_done(&options);
	assert_int_equal(PARSE(&options, OPTIONS_FORMAT, "operand"), -EINVAL);
	options_done(&options);
	assert_int_equal(PARSE(&options, 0, "--help"), 0);
	options_done(&options);
}

TEST_MAIN(cmocka_unit_test(nothing_gives_the_defaults),
          cmocka_unit_test(files_and_operands_keep_their_order),
          cmocka_unit_test(every_option_is_taken_with_a_space_or_an_equals_sign),
          cmocka_unit_test(the_last_one_counts), cmocka_unit_test(what_is_wrong_is_refused),
          cmocka_unit_test(an_option_that_the_verb_does_not_take_is_refused))
