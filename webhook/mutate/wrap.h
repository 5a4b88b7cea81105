/* wrap.h - what stands in front of a guarded container's command.
 *
 * Why      Injecting, judging and taking out must know the same words, those of pods that an
 *          older version injected too.
 * Threads  Pure.
 */
#ifndef FARGUARD_MUTATE_WRAP_H
#define FARGUARD_MUTATE_WRAP_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "webhook/policy/policy.h"

#define WRAP_WORDS_MAX 4

/* Set `out_words` to literals; returns how many. */
size_t wrap_words(enum policy_pid1 pid1, const char *out_words[static WRAP_WORDS_MAX]);

/* How many words of ours the list `command` begins with, 0 for none. */
size_t wrap_count(struct json_object *command);

/* Whether those say that the program is to be PID 1. */
bool wrap_is_program(struct json_object *command);

/* farguard.io/pid1 as an enum.  Returns false, and leaves `*out`, for a word that is none. */
bool wrap_pid1(const char *word, enum policy_pid1 *out);

/* The word of `pid1`, a literal. */
const char *wrap_pid1_word(enum policy_pid1 pid1);

#endif
