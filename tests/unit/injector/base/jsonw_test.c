#include "injector/base/jsonw.h"

#include <stdlib.h>

#include "tests/harness.h"

#define FFFD "\xef\xbf\xbd"

static void assert_text(const struct jsonw *w, const char *expected)
{
	size_t len = jsonw_finish(w);

	assert_int_equal(len, strlen(expected));
	assert_memory_equal(w->buf, expected, len);
}

/* `value` as a string, read back from a buffer that is exactly large enough. */
static void assert_written(struct str value, const char *expected)
{
	char buf[256];
	struct jsonw w;

	jsonw_init(&w, buf, strlen(expected));
	jsonw_str(&w, NULL, value);
	assert_text(&w, expected);
}

/* One of everything. */
static void write_all(struct jsonw *w)
{
	jsonw_object(w, NULL);
	jsonw_str(w, "s", STR("a\"\n\xff"));
	jsonw_cstr(w, "c", "b");
	jsonw_array(w, "list");
	jsonw_int(w, NULL, -7);
	jsonw_uint(w, NULL, 8);
	jsonw_bool(w, NULL, true);
	jsonw_object(w, NULL);
	jsonw_end_object(w);
	jsonw_array(w, NULL);
	jsonw_end_array(w);
	jsonw_end_array(w);
	jsonw_bool(w, "no", false);
	jsonw_milli(w, "t", 61002);
	jsonw_str_cut(w, "cut", STR("abcdef"), 3);
	jsonw_object(w, "o");
	jsonw_cstr(w, "k\"", "");
	jsonw_end_object(w);
	jsonw_end_object(w);
}

static const char all[] = "{\"s\":\"a\\\"\\n" FFFD "\",\"c\":\"b\",\"list\":[-7,8,true,{},[]],"
                          "\"no\":false,\"t\":61.002,\"cut\":\"abc\",\"o\":{\"k\\\"\":\"\"}}";

static void values_stand_with_keys_and_commas(void **state)
{
	char buf[256];
	struct jsonw w;

	(void)state;
	jsonw_init(&w, buf, sizeof(buf));
	write_all(&w);
	assert_text(&w, all);
}

/* What is written before the overflow is a prefix, what is behind the buffer stays. */
static void overflow_is_sticky_at_every_capacity(void **state)
{
	(void)state;
	for (size_t cap = 0; cap < sizeof(all) - 1; cap++) {
		char *buf = malloc(cap + 4);
		struct jsonw w;
		size_t len;

		assert_non_null(buf);
		memset(buf, '#', cap + 4);
		jsonw_init(&w, buf, cap);
		write_all(&w);
		assert_int_equal(jsonw_finish(&w), 0);
		assert_true(w.len <= cap);
		assert_memory_equal(buf, all, w.len);
		assert_memory_equal(buf + cap, "####", 4);
		len = w.len;
		jsonw_bool(&w, NULL, true);
		jsonw_uint(&w, "more", 1);
		assert_int_equal(w.len, len);
		assert_int_equal(jsonw_finish(&w), 0);
		free(buf);
	}
}

static void no_buffer_at_all_is_an_overflow(void **state)
{
	struct jsonw w;

	(void)state;
	jsonw_init(&w, NULL, 0);
	write_all(&w);
	assert_int_equal(jsonw_finish(&w), 0);
}

static void open_level_is_no_text(void **state)
{
	char buf[64];
	struct jsonw w;

	(void)state;
	jsonw_init(&w, buf, sizeof(buf));
	jsonw_object(&w, NULL);
	assert_int_equal(jsonw_finish(&w), 0);
	jsonw_array(&w, "a");
	jsonw_end_array(&w);
	assert_int_equal(jsonw_finish(&w), 0);
	jsonw_end_object(&w);
	assert_text(&w, "{\"a\":[]}");
}

static void levels_are_as_many_as_the_limit_says(void **state)
{
	char buf[128];

	(void)state;
	for (unsigned levels = 1; levels <= 2 * JSONW_DEPTH_MAX; levels++) {
		struct jsonw w;

		jsonw_init(&w, buf, sizeof(buf));
		for (unsigned i = 0; i < levels; i++)
			jsonw_array(&w, NULL);
		for (unsigned i = 0; i < levels; i++)
			jsonw_end_array(&w);
		assert_int_equal(jsonw_finish(&w), levels < JSONW_DEPTH_MAX ? 2 * levels : 0);
	}
}

static void control_characters_quotes_and_backslashes_are_escaped(void **state)
{
	(void)state;
	assert_written(STR("\"\\/\b\f\n\r\t"), "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
	assert_written(STR("\0\1\x1f\x7f "), "\"\\u0000\\u0001\\u001f\\u007f \"");
}

static void whole_characters_stand_as_they_are(void **state)
{
	(void)state;
	assert_written(STR("\xc2\x80\xdf\xbf"), "\"\xc2\x80\xdf\xbf\"");
	assert_written(STR("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"),
	               "\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"");
	assert_written(STR("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
	               "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"");
}

/* RFC 3629, 3 and 4: overlong forms, surrogates, beyond U+10FFFF, stray bytes. */
static void each_byte_that_is_no_utf8_becomes_one_replacement(void **state)
{
	(void)state;
	assert_written(STR("\x80"), "\"" FFFD "\"");
	assert_written(STR("\xc0\x80"), "\"" FFFD FFFD "\"");
	assert_written(STR("\xc1\xbf"), "\"" FFFD FFFD "\"");
	assert_written(STR("\xe0\x9f\xbf"), "\"" FFFD FFFD FFFD "\"");
	assert_written(STR("\xed\xa0\x80"), "\"" FFFD FFFD FFFD "\"");
	assert_written(STR("\xf0\x8f\xbf\xbf"), "\"" FFFD FFFD FFFD FFFD "\"");
	assert_written(STR("\xf4\x90\x80\x80"), "\"" FFFD FFFD FFFD FFFD "\"");
	assert_written(STR("\xf5\xfe\xff"), "\"" FFFD FFFD FFFD "\"");
	assert_written(STR("\xc3\"a"), "\"" FFFD "\\\"a\"");
	assert_written(STR("\xe2\x82xy"), "\"" FFFD FFFD "xy\"");
}

static void character_cut_by_the_end_is_replaced_and_not_read_past(void **state)
{
	static const char text[] = "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
	static const size_t starts[] = {0, 2, 5, 9};

	(void)state;
	for (size_t len = 0; len <= 9; len++) {
		char expected[64] = "\"";
		size_t whole = 0, used;

		for (size_t i = 0; i < 4; i++)
			if (starts[i] <= len)
				whole = starts[i];
		memcpy(expected + 1, text, whole);
		used = 1 + whole;
		for (size_t i = whole; i < len; i++, used += 3)
			memcpy(expected + used, FFFD, 3);
		memcpy(expected + used, "\"", 2);
		assert_written((struct str){test_tail(text, len), len}, expected);
	}
}

static void numbers_reach_their_ends(void **state)
{
	char buf[128];
	struct jsonw w;

	(void)state;
	jsonw_init(&w, buf, sizeof(buf));
	jsonw_array(&w, NULL);
	jsonw_int(&w, NULL, INT64_MIN);
	jsonw_int(&w, NULL, INT64_MAX);
	jsonw_int(&w, NULL, 0);
	jsonw_uint(&w, NULL, UINT64_MAX);
	jsonw_uint(&w, NULL, 0);
	jsonw_end_array(&w);
	assert_text(&w, "[-9223372036854775808,9223372036854775807,0,18446744073709551615,0]");
	jsonw_init(&w, buf, sizeof(buf));
	jsonw_array(&w, NULL);
	jsonw_milli(&w, NULL, 0);
	jsonw_milli(&w, NULL, 7);
	jsonw_milli(&w, NULL, 90);
	jsonw_milli(&w, NULL, 999);
	jsonw_milli(&w, NULL, 1000);
	jsonw_milli(&w, NULL, UINT64_MAX);
	jsonw_end_array(&w);
	assert_text(&w, "[0.000,0.007,0.090,0.999,1.000,18446744073709551.615]");
}

/* What stands between the quotes for each limit: whole characters and escapes, never part of one.
 */
static void cut_falls_between_characters(void **state)
{
	static const char value[] = "a\n\xe2\x82\xac\x01\xff"
	                            "b";
	static const char *const parts[] = {"a", "\\n", "\xe2\x82\xac", "\\u0001", FFFD, "b"};

	(void)state;
	for (size_t max = 0; max < 24; max++) {
		char buf[64], expected[64] = "{\"k\":\"";
		size_t used = 6, total = 0, i = 0;
		struct jsonw w;
		bool whole;

		for (; i < 6 && total + strlen(parts[i]) <= max; i++) {
			memcpy(expected + used, parts[i], strlen(parts[i]));
			used += strlen(parts[i]);
			total += strlen(parts[i]);
		}
		memcpy(expected + used, "\"}", 3);
		jsonw_init(&w, buf, sizeof(buf));
		jsonw_object(&w, NULL);
		whole = jsonw_str_cut(&w, "k", (struct str){value, sizeof(value) - 1}, max);
		jsonw_end_object(&w);
		assert_int_equal(whole, i == 6);
		assert_text(&w, expected);
	}
}

TEST_MAIN(cmocka_unit_test(values_stand_with_keys_and_commas),
          cmocka_unit_test(overflow_is_sticky_at_every_capacity),
          cmocka_unit_test(no_buffer_at_all_is_an_overflow),
          cmocka_unit_test(open_level_is_no_text),
          cmocka_unit_test(levels_are_as_many_as_the_limit_says),
          cmocka_unit_test(control_characters_quotes_and_backslashes_are_escaped),
          cmocka_unit_test(whole_characters_stand_as_they_are),
          cmocka_unit_test(each_byte_that_is_no_utf8_becomes_one_replacement),
          cmocka_unit_test(character_cut_by_the_end_is_replaced_and_not_read_past),
          cmocka_unit_test(numbers_reach_their_ends),
          cmocka_unit_test(cut_falls_between_characters))
