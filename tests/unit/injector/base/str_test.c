#include "injector/base/str.h"

#include "tests/harness.h"

static void literal_is_all_its_bytes(void **state)
{
	struct str with_nul = STR("a\0b");

	(void)state;
	assert_int_equal(with_nul.len, 3);
	assert_memory_equal(with_nul.ptr, "a\0b", 3);
	assert_int_equal(STR("").len, 0);
}

static void equal_means_the_same_bytes_and_as_many(void **state)
{
	const char *tail = test_tail("shop", 4);
	const struct str none = {NULL, 0};

	(void)state;
	assert_true(str_eq((struct str){tail, 4}, STR("shop")));
	assert_false(str_eq((struct str){tail, 4}, STR("shoq")));
	assert_false(str_eq((struct str){tail, 4}, STR("shops")));
	assert_false(str_eq((struct str){tail, 3}, STR("shop")));
	assert_true(str_eq((struct str){tail, 3}, STR("sho")));
	assert_false(str_eq(STR("a\0b"), STR("a\0c")));
	assert_true(str_eq(none, STR("")));
	assert_true(str_eq(STR(""), none));
	assert_true(str_eq(none, none));
	assert_false(str_eq(none, STR("a")));
}

static void cut_gives_each_part_and_then_nothing(void **state)
{
	struct str rest = {test_tail("a,,bc,", 6), 6};

	(void)state;
	assert_true(str_eq(str_cut(&rest, ','), STR("a")));
	assert_true(str_eq(rest, STR(",bc,")));
	assert_true(str_eq(str_cut(&rest, ','), STR("")));
	assert_true(str_eq(str_cut(&rest, ','), STR("bc")));
	assert_int_equal(rest.len, 0);
	assert_true(str_eq(str_cut(&rest, ','), STR("")));
	assert_int_equal(rest.len, 0);
}

static void cut_without_a_separator_takes_all(void **state)
{
	const char *bytes = test_tail("abc", 3);
	struct str rest = {bytes, 3}, head = str_cut(&rest, ';');

	(void)state;
	assert_ptr_equal(head.ptr, bytes);
	assert_int_equal(head.len, 3);
	assert_ptr_equal(rest.ptr, bytes + 3);
	assert_int_equal(rest.len, 0);
}

static void separator_may_be_any_byte(void **state)
{
	struct str nul = STR("a\0b"), high = STR("a\xff"
	                                         "b");

	(void)state;
	assert_true(str_eq(str_cut(&nul, '\0'), STR("a")));
	assert_true(str_eq(nul, STR("b")));
	assert_true(str_eq(str_cut(&high, '\xff'), STR("a")));
	assert_true(str_eq(high, STR("b")));
}

static void cutting_nothing_gives_nothing(void **state)
{
	struct str rest = {NULL, 0}, head = str_cut(&rest, ',');

	(void)state;
	assert_int_equal(head.len, 0);
	assert_int_equal(rest.len, 0);
}

TEST_MAIN(cmocka_unit_test(literal_is_all_its_bytes),
          cmocka_unit_test(equal_means_the_same_bytes_and_as_many),
          cmocka_unit_test(cut_gives_each_part_and_then_nothing),
          cmocka_unit_test(cut_without_a_separator_takes_all),
          cmocka_unit_test(separator_may_be_any_byte),
          cmocka_unit_test(cutting_nothing_gives_nothing))
