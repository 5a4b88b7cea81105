#include "webhook/policy/reason.h"

#include "tests/harness.h"

static void every_reason_has_its_own_word_and_a_sentence(void **state)
{
	(void)state;
	for (int i = 0; i < REASON_COUNT; i++) {
		assert_non_null(reason_name((enum reason)i));
		assert_true(strlen(reason_text((enum reason)i)) > 8);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(reason_name((enum reason)i),
			                        reason_name((enum reason)j));
	}
}

static void the_words_are_the_contracts(void **state)
{
	(void)state;
	assert_string_equal(reason_name(REASON_INJECTED), "injected");
	assert_string_equal(reason_name(REASON_NOT_OPTED_IN), "not-opted-in");
	assert_string_equal(reason_name(REASON_SELF_CHECK_FAILED), "self-check-failed");
	assert_string_equal(reason_name(REASON_UNSUPPORTED_KIND), "unsupported-kind");
	assert_string_equal(reason_name((enum reason)REASON_COUNT), "internal-error");
}

TEST_MAIN(cmocka_unit_test(every_reason_has_its_own_word_and_a_sentence),
          cmocka_unit_test(the_words_are_the_contracts))
