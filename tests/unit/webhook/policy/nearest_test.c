#include "webhook/policy/nearest.h"

#include "tests/harness.h"

static const char *nearest_of(const char *text)
{
	static const char *const words[] = {"inject", "uninject", "explain", "config check"};
	struct nearest nearest = {.text = text};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		nearest_offer(&nearest, words[i]);
	return nearest_word(&nearest);
}

static void a_slip_is_near(void **state)
{
	(void)state;
	assert_string_equal(nearest_of("injct"), "inject");
	assert_string_equal(nearest_of("unijnect"), "uninject");
	assert_string_equal(nearest_of("explian"), "explain");
	assert_string_equal(nearest_of("inject"), "inject");
}

static void another_word_is_not(void **state)
{
	struct nearest none = {.text = "inject"};

	(void)state;
	assert_null(nearest_of("frobnicate"));
	assert_null(nearest_of(""));
	assert_null(nearest_word(&none));
}

static void long_words_are_near_to_nothing(void **state)
{
	char text[NEAREST_BYTES_MAX + 1];
	struct nearest nearest = {.text = text};

	(void)state;
	memset(text, 'a', sizeof(text));
	text[NEAREST_BYTES_MAX] = '\0';
	nearest_offer(&nearest, "a");
	assert_null(nearest_word(&nearest));
	text[NEAREST_BYTES_MAX - 1] = '\0';
	nearest_offer(&nearest, text);
	assert_ptr_equal(nearest_word(&nearest), text);
}

TEST_MAIN(cmocka_unit_test(a_slip_is_near), cmocka_unit_test(another_word_is_not),
          cmocka_unit_test(long_words_are_near_to_nothing))
