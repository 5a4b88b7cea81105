/* harness.h - what every unit test shares: cmocka, TAP output, and input against a guard page.
 *
 * A test file lists its cases and ends with TEST_MAIN:
 *	static void push_drops_and_counts_when_full(void **state) { (void)state; ... }
 *	TEST_MAIN(cmocka_unit_test(push_drops_and_counts_when_full))
 */
#ifndef FARGUARD_TESTS_HARNESS_H
#define FARGUARD_TESTS_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Copy `len` bytes so that the byte after the last one faults when read. */
const char *test_tail(const void *bytes, size_t len);

#define TEST_MAIN(...)                                                                             \
	int main(void)                                                                             \
	{                                                                                          \
		static const struct CMUnitTest cases[] = {__VA_ARGS__};                            \
                                                                                                   \
		cmocka_set_message_output(CM_OUTPUT_TAP);                                          \
		return cmocka_run_group_tests(cases, NULL, NULL);                                  \
	}

#endif
