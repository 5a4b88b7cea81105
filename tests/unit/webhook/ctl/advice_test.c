#include "webhook/ctl/advice.h"

#include <stdbool.h>
#include <stdio.h>

#include "tests/harness.h"
#include "webhook/policy/reason.h"

static void every_reason_to_leave_a_pod_alone_has_a_way_out(void **state)
{
	(void)state;
	for (unsigned i = 0; i < REASON_COUNT; i++) {
		enum reason reason = (enum reason)i;
		bool is_fine = reason == REASON_INJECTED || reason == REASON_REPAIRED ||
		               reason == REASON_ALREADY_INJECTED ||
		               reason == REASON_UNSUPPORTED_KIND;

		if ((advice_way_out(reason_name(reason)) == NULL) != is_fine)
			fail_msg("%s", reason_name(reason));
	}
}

/* hack/names.txt has "KIND WORD" a line. */
static void every_word_of_the_contract_has_its_sentences(void **state)
{
	FILE *f = fopen("hack/names.txt", "re");
	char line[128], kind[64], word[64];
	size_t count = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %63s", kind, word) != 2)
			continue;
		if ((strcmp(kind, "covered") == 0 || strcmp(kind, "uncovered") == 0) && ++count &&
		    !advice_meaning(word))
			fail_msg("no meaning: %s", word);
		if ((strcmp(kind, "warning") == 0 || strcmp(kind, "uncovered") == 0) && ++count &&
		    !advice_way_out(word))
			fail_msg("no way out: %s", word);
	}
	fclose(f);
	assert_true(count > 15);
}

static void other_words_have_none(void **state)
{
	(void)state;
	assert_null(advice_meaning("frob"));
	assert_null(advice_way_out(""));
}

TEST_MAIN(cmocka_unit_test(every_reason_to_leave_a_pod_alone_has_a_way_out),
          cmocka_unit_test(every_word_of_the_contract_has_its_sentences),
          cmocka_unit_test(other_words_have_none))
