#include "injector/base/base64.h"

#include "tests/harness.h"

static void what_was_formatted_parses_back(void **state)
{
	char bytes[64], text[BASE64_BYTES(sizeof(bytes))];

	(void)state;
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		char back[BASE64_PARSED_BYTES(BASE64_BYTES(sizeof(bytes)))];

		for (size_t i = 0; i < len; i++)
			bytes[i] = (char)(i * 37 + len);
		base64_format(bytes, len, text);
		assert_int_equal(
		        base64_parse(test_tail(text, BASE64_BYTES(len)), BASE64_BYTES(len), back),
		        len);
		assert_memory_equal(back, bytes, len);
	}
}

static long parsed(const char *text, char *out)
{
	return base64_parse(test_tail(text, strlen(text)), strlen(text), out);
}

static void line_ends_are_skipped_and_nothing_else(void **state)
{
	char out[32];

	(void)state;
	assert_int_equal(parsed("YWJj\r\nZA==\n", out), 4);
	assert_memory_equal(out, "abcd", 4);
	assert_int_equal(parsed("YWJj ZA==", out), -1);
	assert_int_equal(parsed("YWJj\tZA==", out), -1);
	assert_int_equal(base64_parse("YW\0j", 4, out), -1);
}

static void text_that_is_none_is_refused(void **state)
{
	static const char *const wrong[] = {
	        "Y",    "YW",    "YWJ",      "=",        "====",   "Y===",
	        "YW=j", "YWJj=", "YWJj====", "YQ==YQ==", "YW-_",   "YQ=",
	        "*WJj", "YQ=A",  "YQ===",    "\xc3\xa4", "YWJjYQ="};
	char out[32];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(parsed(wrong[i], out), -1);
}

TEST_MAIN(cmocka_unit_test(what_was_formatted_parses_back),
          cmocka_unit_test(line_ends_are_skipped_and_nothing_else),
          cmocka_unit_test(text_that_is_none_is_refused))
