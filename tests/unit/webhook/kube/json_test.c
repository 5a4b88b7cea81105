#include "webhook/kube/json.h"

#include "tests/harness.h"

static struct json_object *parse(const char *text, size_t len, int depth)
{
	return json_parse_all(test_tail(text, len), len, depth);
}

static void whole_text_is_one_value(void **state)
{
	static const char text[] = "{\"a\":[1,\"b\",null,true]}";
	struct json_object *root = parse(text, sizeof(text) - 1, 8);

	(void)state;
	assert_non_null(root);
	assert_string_equal(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN), text);
	json_putp(&root);
	assert_null(root);
	json_putp(&root);
	for (size_t len = 0; len < sizeof(text) - 1; len++)
		assert_null(parse(text, len, 8));
}

static void only_blanks_may_follow(void **state)
{
	struct json_object *root = parse("{} \t\r\n", 6, 8);

	(void)state;
	assert_non_null(root);
	json_putp(&root);
	assert_null(parse("{}x", 3, 8));
	assert_null(parse("{}{}", 4, 8));
	assert_null(parse("{}\0", 3, 8));
	assert_null(parse("", 0, 8));
	assert_null(parse("\0", 1, 8));
}

static void levels_are_limited(void **state)
{
	struct json_object *root = parse("[[[]]]", 6, 4);

	(void)state;
	assert_non_null(root);
	json_putp(&root);
	assert_null(parse("[[[]]]", 6, 2));
}

static void members_are_found_by_name_and_type(void **state)
{
	static const char text[] = "{\"s\":\"x\",\"n\":7,\"z\":null,\"o\":{}}";
	struct json_object *root = parse(text, sizeof(text) - 1, 8);
	struct json_object *list = parse("[\"s\"]", 5, 8);

	(void)state;
	assert_string_equal(json_member_string(root, "s"), "x");
	assert_null(json_member_string(root, "n"));
	assert_null(json_member_string(root, "z"));
	assert_null(json_member_string(root, "o"));
	assert_null(json_member_string(root, "absent"));
	assert_int_equal(json_object_get_int(json_member(root, "n")), 7);
	assert_null(json_member(root, "z"));
	assert_null(json_member(NULL, "s"));
	assert_null(json_member(list, "s"));
	assert_null(json_member(json_member(root, "s"), "s"));
	assert_null(json_member_string(NULL, "s"));
	json_putp(&root);
	json_putp(&list);
}

TEST_MAIN(cmocka_unit_test(whole_text_is_one_value), cmocka_unit_test(only_blanks_may_follow),
          cmocka_unit_test(levels_are_limited),
          cmocka_unit_test(members_are_found_by_name_and_type))
