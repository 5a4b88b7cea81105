#include "webhook/policy/quantity.h"

#include "tests/harness.h"

static double parsed(const char *text)
{
	double out = -12345;

	assert_true(quantity_parse(test_tail(text, strlen(text) + 1), &out));
	return out;
}

static void each_suffix_has_its_factor(void **state)
{
	(void)state;
	assert_true(parsed("0") == 0);
	assert_true(parsed("250m") == 0.25);
	assert_true(parsed("1.5") == 1.5);
	assert_true(parsed(".5") == 0.5);
	assert_true(parsed("5.") == 5);
	assert_true(parsed("64Mi") == 67108864);
	assert_true(parsed("1k") == 1000);
	assert_true(parsed("1Ki") == 1024);
	assert_true(parsed("2Gi") == 2147483648.0);
	assert_true(parsed("1E") == 1e18);
	assert_true(parsed("1Ei") == 1152921504606846976.0);
	assert_true(parsed("+3") == 3);
	assert_true(parsed("-3") == -3);
}

static void an_exponent_is_no_suffix(void **state)
{
	(void)state;
	assert_true(parsed("1e3") == 1000);
	assert_true(parsed("1E3") == 1000);
	assert_true(parsed("25e-2") == 0.25);
}

static void what_is_no_quantity_leaves_the_result_alone(void **state)
{
	static const char *const texts[] = {
	        "",
	        " ",
	        "m",
	        ".",
	        "-",
	        "1 ",
	        " 1",
	        "1mi",
	        "1K",
	        "1m1",
	        "1e",
	        "1e+",
	        "0x5",
	        "1.2.3",
	        "inf",
	        "nan",
	        "1KiB",
	        "1e3Mi",
	        "1234567890123456789012345678901234567890123456789012345678901234",
	};
	double out = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (quantity_parse(texts[i], &out))
			fail_msg("\"%s\" is a quantity", texts[i]);
		assert_true(out == 7);
	}
}

TEST_MAIN(cmocka_unit_test(each_suffix_has_its_factor), cmocka_unit_test(an_exponent_is_no_suffix),
          cmocka_unit_test(what_is_no_quantity_leaves_the_result_alone))
