#include "webhook/mutate/writer.h"

#include <string.h>

#include "tests/unit/webhook/mutate/pods.h"

/* The answer is to the byte what json-c would write. */
static void as_json_c(struct json_object *value)
{
	struct writer writer = {0};

	writer_add_json(&writer, value);
	assert_false(writer.failed);
	assert_string_equal(writer.bytes, text_of(value));
	assert_int_equal(writer.len, strlen(writer.bytes));
	writer_done(&writer);
}

static void every_byte_is_escaped_as_json_c_does(void **state)
{
	struct json_object *value;
	char all[256], one[1];

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++) {
		one[0] = all[i] = (char)i;
		value = json_object_new_string_len(one, 1);
		as_json_c(value);
		json_object_put(value);
	}
	value = json_object_new_string_len(all, sizeof(all));
	as_json_c(value);
	json_object_put(value);
}

static void every_kind_of_value_is_written_as_json_c_does(void **state)
{
	static const char *const texts[] = {"{}",
	                                    "[]",
	                                    "[null,true,false]",
	                                    "{'a':{'b':[{'c/d':'e'}]},'':''}",
	                                    "1e3",
	                                    "-0",
	                                    "0.00",
	                                    "[1,2.50,1e-7]",
	                                    "18446744073709551615",
	                                    "'\n'",
	                                    "{'':1}",
	                                    "[[],{}]",
	                                    "'\xc3\xa9'"};

	(void)state;
	as_json_c(NULL);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct json_object *value = json(texts[i]);

		as_json_c(value);
		json_object_put(value);
	}
}

static void nesting_that_is_too_deep_to_walk_is_left_to_json_c(void **state)
{
	struct json_object *value = json_object_new_array();

	(void)state;
	for (int i = 0; i < 2 * TREE_DEPTH_MAX; i++) {
		struct json_object *outer = json_object_new_array();

		json_object_array_add(outer, value);
		value = outer;
	}
	as_json_c(value);
	json_object_put(value);
}

static void the_buffer_grows_and_ends_in_nul(void **state)
{
	struct writer writer = {0};
	char *at;

	(void)state;
	for (size_t i = 0; i < 100000; i++)
		writer_add(&writer, "ab");
	assert_int_equal(writer.len, 200000);
	assert_int_equal(strlen(writer.bytes), 200000);
	at = writer_extend(&writer, 3);
	memcpy(at, "xyz", 3);
	assert_string_equal(writer.bytes + 199998, "abxyz");
	assert_null(writer_extend(&writer, (size_t)-1));
	assert_true(writer.failed);
	writer_add(&writer, "no-op");
	assert_int_equal(writer.len, 200003);
	writer_done(&writer);
	writer_done(&writer);
}

TEST_MAIN(cmocka_unit_test(every_byte_is_escaped_as_json_c_does),
          cmocka_unit_test(every_kind_of_value_is_written_as_json_c_does),
          cmocka_unit_test(nesting_that_is_too_deep_to_walk_is_left_to_json_c),
          cmocka_unit_test(the_buffer_grows_and_ends_in_nul))
