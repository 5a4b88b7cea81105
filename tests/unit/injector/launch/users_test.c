#include "injector/launch/users.h"

#include "tests/harness.h"

static char out[64];

static const char *format(const char *text)
{
	size_t len = strlen(text);

	memset(out, '#', sizeof(out));
	users_format(test_tail(text, len), len, out, sizeof(out));
	return out;
}

static void each_user_is_a_line_of_number_and_name(void **state)
{
	(void)state;
	assert_string_equal(format("root:x:0:0:root:/root:/bin/sh\nweb:x:33:33::/:\n"),
	                    "0:root\n33:web\n");
	assert_string_equal(format("root:x:0:0"), "0:root\n");
	assert_string_equal(format("root:x:0"), "0:root\n");
}

static void lines_that_are_no_user_are_left_out(void **state)
{
	(void)state;
	assert_string_equal(format(""), "");
	assert_string_equal(format("\n\n"), "");
	assert_string_equal(format("root"), "");
	assert_string_equal(format(":x:0:\nroot:x::0\nroot:x:-1:\n+::::\n# a comment\nr:x:1x:\n"
	                           "r:x:12345678901:\nok:x:7:"),
	                    "7:ok\n");
}

static void what_does_not_fit_is_left_out_whole(void **state)
{
	(void)state;
	assert_string_equal(format("a234567890123456789012345678901234567890:x:1:\n"
	                           "b234567890123456789012345678901234567890:x:2:\nc:x:3:\n"),
	                    "1:a234567890123456789012345678901234567890\n3:c\n");
}

static void every_prefix_gives_whole_lines(void **state)
{
	static const char text[] =
	        "root:x:0:0:root:/root:/bin/sh\nweb:x:33:33::/:\nnobody:x:65534:\n";
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(text); len++) {
		users_format(test_tail(text, len), len, out, sizeof(out));
		assert_true(out[0] == '\0' || out[strlen(out) - 1] == '\n');
	}
}

static void a_name_with_a_nul_is_none(void **state)
{
	static const char text[] = "ro\0ot:x:0:0\nweb:x:33:33";

	(void)state;
	users_format(test_tail(text, sizeof(text) - 1), sizeof(text) - 1, out, sizeof(out));
	assert_string_equal(out, "33:web\n");
}

TEST_MAIN(cmocka_unit_test(each_user_is_a_line_of_number_and_name),
          cmocka_unit_test(lines_that_are_no_user_are_left_out),
          cmocka_unit_test(what_does_not_fit_is_left_out_whole),
          cmocka_unit_test(every_prefix_gives_whole_lines),
          cmocka_unit_test(a_name_with_a_nul_is_none))
