#include "webhook/mutate/wrap.h"

#include "tests/harness.h"

static struct json_object *list(const char *const *words, size_t count)
{
	struct json_object *out = json_object_new_array();

	for (size_t i = 0; i < count; i++)
		json_object_array_add(out, json_object_new_string(words[i]));
	return out;
}

static void assert_count(const char *text, size_t expected, bool is_program)
{
	struct json_object *command = json_tokener_parse(text);

	assert_int_equal(wrap_count(command), expected);
	assert_int_equal(wrap_is_program(command), is_program);
	json_object_put(command);
}

static void what_is_written_is_found_again(void **state)
{
	(void)state;
	for (enum policy_pid1 pid1 = POLICY_PID1_AUTO; pid1 <= POLICY_PID1_PROGRAM; pid1++) {
		const char *words[WRAP_WORDS_MAX];
		size_t count = wrap_words(pid1, words);
		struct json_object *command = list(words, count);

		assert_int_equal(count, pid1 == POLICY_PID1_AUTO ? 3 : 4);
		assert_int_equal(wrap_count(command), count);
		assert_int_equal(wrap_is_program(command), pid1 == POLICY_PID1_PROGRAM);
		json_object_array_add(command, json_object_new_string("--pid1=program"));
		assert_int_equal(wrap_count(command), count);
		json_object_put(command);
		for (size_t fewer = 0; fewer < count; fewer++) {
			command = list(words, fewer);
			assert_int_equal(wrap_count(command), 0);
			json_object_put(command);
		}
	}
}

static void what_others_write_is_theirs(void **state)
{
	(void)state;
	assert_count("[]", 0, false);
	assert_count("null", 0, false);
	assert_count("['/.farguard/farguard','run','--','--pid1=program','--']", 3, false);
	assert_count("['/.farguard/farguard','run','--pid1=auto','--','x']", 4, false);
	assert_count("['/.farguard/farguard','run','--pid1=init','--','x']", 0, false);
	assert_count("['/.farguard/farguard','run','--pid1=program','x']", 0, false);
	assert_count("['/.farguard/farguard','run','--pid1=program','--pid1=program','--']", 0,
	             false);
	assert_count("['/.farguard/farguard','install','--']", 0, false);
	assert_count("['farguard','run','--','x']", 0, false);
	assert_count("['/.farguard/farguard',7,'--','x']", 0, false);
}

static void words_are_read_to_the_letter(void **state)
{
	static const char *const wrong[] = {"", "Program", "program ", "prog", "programs", "none"};
	enum policy_pid1 pid1 = POLICY_PID1_FARGUARD;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_false(wrap_pid1(wrong[i], &pid1));
		assert_int_equal(pid1, POLICY_PID1_FARGUARD);
	}
	for (enum policy_pid1 one = POLICY_PID1_AUTO; one <= POLICY_PID1_PROGRAM; one++) {
		assert_true(wrap_pid1(wrap_pid1_word(one), &pid1));
		assert_int_equal(pid1, one);
	}
}

TEST_MAIN(cmocka_unit_test(what_is_written_is_found_again),
          cmocka_unit_test(what_others_write_is_theirs),
          cmocka_unit_test(words_are_read_to_the_letter))
