#include "webhook/mutate/values.h"

#include <stdlib.h>

#include "tests/harness.h"

static bool exceed(const char *text, size_t max)
{
	size_t len = strlen(text);

	return values_exceed(test_tail(text, len), len, max);
}

static void members_elements_and_levels_count(void **state)
{
	(void)state;
	assert_false(exceed("[1,2,3,4,5,6]", 6));
	assert_true(exceed("[1,2,3,4,5,6]", 5));
	assert_true(exceed("[[[[[[[[]]]]]]]]", 7));
	assert_false(exceed("[[[[[[[[]]]]]]]]", 8));
	assert_true(exceed("{\"a\":{},\"b\":{}}", 3));
	assert_false(exceed("{\"a\":{},\"b\":{}}", 4));
}

static void what_stands_in_a_string_does_not(void **state)
{
	(void)state;
	assert_false(exceed("[\",,,,,,,,,,{{{{[[[[\"]", 1));
	assert_false(exceed("[\"\\\",,,,,,,,,,,\\\\\"]", 1));
	assert_true(exceed("[\"\\\\\",1,1,1]", 3));
}

static void a_text_that_ends_within_a_string_is_read_to_its_end_only(void **state)
{
	static const char text[] = "{\"a\\\\\\\"b\":[\"c\\";
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(text); len++)
		assert_false(values_exceed(test_tail(text, len), len, 2));
}

static void a_text_shorter_than_the_count_cannot_exceed_it(void **state)
{
	(void)state;
	assert_false(exceed("[,,,]", 5));
	assert_false(values_exceed(test_tail("", 0), 0, 0));
}

TEST_MAIN(cmocka_unit_test(members_elements_and_levels_count),
          cmocka_unit_test(what_stands_in_a_string_does_not),
          cmocka_unit_test(a_text_that_ends_within_a_string_is_read_to_its_end_only),
          cmocka_unit_test(a_text_shorter_than_the_count_cannot_exceed_it))
