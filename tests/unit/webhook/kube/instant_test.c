#include "webhook/kube/instant.h"

#include "tests/harness.h"

static void time_is_read_with_and_without_a_fraction(void **state)
{
	(void)state;
	assert_int_equal(instant_parse("1970-01-01T00:00:01Z"), 1);
	assert_int_equal(instant_parse("2026-11-24T15:36:04Z"), 1795534564);
	assert_int_equal(instant_parse("2026-11-24T15:36:04.999999Z"), 1795534564);
	assert_int_equal(instant_parse("2024-02-29T00:00:00Z"), 1709164800);
}

static void what_is_no_time_is_none(void **state)
{
	static const char *const texts[] = {"",
	                                    "null",
	                                    "2026-11-24",
	                                    "2026-11-24T15:36:04",
	                                    "2026-11-24T15:36:04+01:00",
	                                    "2026-11-24T15:36:04Zx",
	                                    "2026-13-24T15:36:04Z",
	                                    "2026-11-24T15:36:04.Z9"};
	const char whole[] = "2026-11-24T15:36:04Z";

	(void)state;
	assert_int_equal(instant_parse(NULL), 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(instant_parse(texts[i]), 0);
	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		char part[sizeof(whole)] = "";

		memcpy(part, whole, len);
		assert_int_equal(instant_parse(test_tail(part, len + 1)), 0);
	}
}

TEST_MAIN(cmocka_unit_test(time_is_read_with_and_without_a_fraction),
          cmocka_unit_test(what_is_no_time_is_none))
