#include "injector/base/err.h"

#include <errno.h>

#include "tests/harness.h"

static void failure_is_a_code_and_a_text(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(err_set(&err, EINVAL, "ports: %d is not a %s", 70000, "port"), -EINVAL);
	assert_int_equal(err.code, EINVAL);
	assert_string_equal(err.text, "ports: 70000 is not a port");
	assert_int_equal(err_set(&err, ENOENT, "%s", ""), -ENOENT);
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.text, "");
}

static void wrapping_puts_the_context_first_and_keeps_the_code(void **state)
{
	struct err err = {0};

	(void)state;
	err_set(&err, EACCES, "%s", "not yours");
	assert_int_equal(err_wrap(&err, "loading %s", "a.yaml"), -EACCES);
	assert_string_equal(err.text, "loading a.yaml: not yours");
	assert_int_equal(err_wrap(&err, "line %d", 3), -EACCES);
	assert_string_equal(err.text, "line 3: loading a.yaml: not yours");
	assert_int_equal(err.code, EACCES);
}

/* Texts of each length around the limit: cut there, always with a NUL, nothing behind it. */
static void long_text_is_cut_at_the_limit(void **state)
{
	struct {
		struct err err;
		char guard[8];
	} at;
	char text[2 * ERR_TEXT_MAX];

	(void)state;
	for (size_t len = ERR_TEXT_MAX - 3; len < sizeof(text); len++) {
		memset(&at, 'g', sizeof(at));
		memset(text, 'x', len);
		text[len] = '\0';
		err_set(&at.err, EIO, "%s", text);
		assert_int_equal(strlen(at.err.text), len < ERR_TEXT_MAX ? len : ERR_TEXT_MAX - 1);
		assert_memory_equal(at.guard, "gggggggg", sizeof(at.guard));
	}
}

static void outermost_context_survives_a_long_cause(void **state)
{
	struct {
		struct err err;
		char guard[8];
	} at;
	char text[2 * ERR_TEXT_MAX];

	(void)state;
	memset(&at, 'g', sizeof(at));
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&at.err, EIO, "%s", text);
	assert_int_equal(err_wrap(&at.err, "pod %s", "web-1"), -EIO);
	assert_memory_equal(at.err.text, "pod web-1: xxxx", 15);
	assert_int_equal(strlen(at.err.text), ERR_TEXT_MAX - 1);
	for (size_t len = ERR_TEXT_MAX - 4; len < sizeof(text); len++) {
		memset(text, 'y', len);
		text[len] = '\0';
		err_set(&at.err, EIO, "cause");
		assert_int_equal(err_wrap(&at.err, "%s", text), -EIO);
		assert_int_equal(strlen(at.err.text), ERR_TEXT_MAX - 1);
		assert_memory_equal(at.guard, "gggggggg", sizeof(at.guard));
	}
}

TEST_MAIN(cmocka_unit_test(failure_is_a_code_and_a_text),
          cmocka_unit_test(wrapping_puts_the_context_first_and_keeps_the_code),
          cmocka_unit_test(long_text_is_cut_at_the_limit),
          cmocka_unit_test(outermost_context_survives_a_long_cause))
