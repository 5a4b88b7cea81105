#include "webhook/mutate/wrap.h"

#include <string.h>

#include "injector/base/contract.h"
#include "webhook/mutate/tree.h"

#define PID1_COUNT 3

static const char *const words[PID1_COUNT] = {[POLICY_PID1_AUTO] = "auto",
                                              [POLICY_PID1_FARGUARD] = "farguard",
                                              [POLICY_PID1_PROGRAM] = "program"};

static const char *const flags[PID1_COUNT] = {
        [POLICY_PID1_AUTO] = CONTRACT_PID1_OPTION "auto",
        [POLICY_PID1_FARGUARD] = CONTRACT_PID1_OPTION "farguard",
        [POLICY_PID1_PROGRAM] = CONTRACT_PID1_OPTION "program"};

size_t wrap_words(enum policy_pid1 pid1, const char *out_words[static WRAP_WORDS_MAX])
{
	size_t count = 0;

	out_words[count++] = CONTRACT_PROGRAM;
	out_words[count++] = "run";
	if (pid1 != POLICY_PID1_AUTO)
		out_words[count++] = flags[pid1];
	out_words[count++] = "--";
	return count;
}

static bool has_flag(struct json_object *command)
{
	for (size_t i = 0; i < PID1_COUNT; i++)
		if (tree_item_is(command, 2, flags[i]))
			return true;
	return false;
}

size_t wrap_count(struct json_object *command)
{
	size_t dashes = has_flag(command) ? 3 : 2;

	return tree_item_is(command, 0, CONTRACT_PROGRAM) && tree_item_is(command, 1, "run") &&
	                       tree_item_is(command, dashes, "--")
	               ? dashes + 1
	               : 0;
}

bool wrap_is_program(struct json_object *command)
{
	return wrap_count(command) > 0 && tree_item_is(command, 2, flags[POLICY_PID1_PROGRAM]);
}

bool wrap_pid1(const char *word, enum policy_pid1 *out)
{
	for (size_t i = 0; i < PID1_COUNT; i++) {
		if (strcmp(word, words[i]) != 0)
			continue;
		*out = (enum policy_pid1)i;
		return true;
	}
	return false;
}

const char *wrap_pid1_word(enum policy_pid1 pid1)
{
	return words[pid1];
}
