#include "webhook/ctl/amount.h"

#include <math.h>

#include "tests/harness.h"

static void cpu_is(double cores, const char *expected)
{
	char text[AMOUNT_MAX];

	amount_cpu(cores, text);
	assert_string_equal(text, expected);
}

static void memory_is(double bytes, const char *expected)
{
	char text[AMOUNT_MAX];

	amount_memory(bytes, text);
	assert_string_equal(text, expected);
}

static void cores_are_whole_or_in_thousandths(void **state)
{
	(void)state;
	cpu_is(0, "0");
	cpu_is(2, "2");
	cpu_is(0.25, "250m");
	cpu_is(1.5, "1500m");
	cpu_is(0.1 + 0.2, "300m");
	cpu_is(0.0005, "0.5m");
	cpu_is(1e-9, "0");
	cpu_is(1e18, "1e+18");
}

static void bytes_take_the_unit_that_fits(void **state)
{
	(void)state;
	memory_is(0, "0");
	memory_is(1, "0.0009766Ki");
	memory_is(1024, "1Ki");
	memory_is(1048576, "1Mi");
	memory_is(1073741824, "1Gi");
	memory_is(1536.0 * 1048576, "1536Mi");
	memory_is(100e6, "95.4Mi");
	memory_is(1099511627776.0, "1Ti");
	memory_is(1e18, "888.2Pi");
	memory_is(8.9e18, "7904.8Pi");
	memory_is(18446744073709551615.0, "16Ei");
}

static void what_is_no_amount_is_nothing(void **state)
{
	(void)state;
	cpu_is(-1, "0");
	cpu_is((double)NAN, "0");
	cpu_is((double)INFINITY, "inf");
	memory_is(-1, "0");
	memory_is((double)NAN, "0");
	memory_is((double)INFINITY, "infEi");
}

TEST_MAIN(cmocka_unit_test(cores_are_whole_or_in_thousandths),
          cmocka_unit_test(bytes_take_the_unit_that_fits),
          cmocka_unit_test(what_is_no_amount_is_nothing))
