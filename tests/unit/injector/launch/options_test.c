#include "injector/launch/options.h"

#include <errno.h>

#include "injector/base/err.h"
#include "tests/harness.h"

static struct run_options o;
static struct err err;

static int parse(char **args)
{
	return options_parse(&o, args, &err);
}

static void what_follows_the_dashes_is_the_programs_to_the_byte(void **state)
{
	char *args[] = {"--exe", "/bin/x", "--self-wrap", "--", "-x", "--", "--exe", "", NULL};

	(void)state;
	assert_int_equal(parse(args), 0);
	assert_ptr_equal(o.argv, args + 4);
	assert_string_equal(o.exe, "/bin/x");
	assert_true(o.self_wrap);
	assert_false(o.restart);
}

static void a_program_named_with_dashes_is_a_program(void **state)
{
	(void)state;
	assert_int_equal(parse((char *[]){"--", "--", NULL}), 0);
	assert_string_equal(o.argv[0], "--");
	assert_int_equal(parse((char *[]){"--", "", NULL}), 0);
	assert_string_equal(o.argv[0], "");
}

static void what_is_missing_or_unknown_is_named(void **state)
{
	(void)state;
	assert_int_equal(parse((char *[]){NULL}), -EINVAL);
	assert_int_equal(parse((char *[]){"--", NULL}), -EINVAL);
	assert_int_equal(parse((char *[]){"--exe", NULL}), -EINVAL);
	assert_int_equal(parse((char *[]){"--exe", "--", "x", NULL}), -EINVAL);
	assert_int_equal(parse((char *[]){"--wait", "--", "x", NULL}), -EINVAL);
	assert_non_null(strstr(err.text, "--wait"));
	assert_int_equal(parse((char *[]){"nginx", NULL}), -EINVAL);
	assert_non_null(strstr(err.text, "nginx"));
}

static void who_is_process_1_is_a_word_like_any(void **state)
{
	(void)state;
	assert_int_equal(parse((char *[]){"--pid1=program", "--", "x", NULL}), 0);
	assert_string_equal(o.pid1, "program");
	assert_int_equal(parse((char *[]){"--pid1=", "--self-wrap", "--", "x", NULL}), 0);
	assert_string_equal(o.pid1, "");
	assert_int_equal(parse((char *[]){"--", "--pid1=program", NULL}), 0);
	assert_null(o.pid1);
	assert_int_equal(parse((char *[]){"--restart", "--pid1=auto", "--", "x", NULL}), -EINVAL);
}

static void restarting_goes_with_no_other_flag(void **state)
{
	(void)state;
	assert_int_equal(parse((char *[]){"--restart", "--", "x", NULL}), 0);
	assert_true(o.restart);
	assert_int_equal(parse((char *[]){"--restart", "--self-wrap", "--", "x", NULL}), -EINVAL);
	assert_int_equal(parse((char *[]){"--restart", "--exe", "/x", "--", "x", NULL}), -EINVAL);
}

TEST_MAIN(cmocka_unit_test(what_follows_the_dashes_is_the_programs_to_the_byte),
          cmocka_unit_test(a_program_named_with_dashes_is_a_program),
          cmocka_unit_test(what_is_missing_or_unknown_is_named),
          cmocka_unit_test(who_is_process_1_is_a_word_like_any),
          cmocka_unit_test(restarting_goes_with_no_other_flag))
