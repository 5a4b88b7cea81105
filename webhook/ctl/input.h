/* input.h - the files, directories and standard input that a verb works on, read whole.
 *
 * Owns     Names and bytes, until input_done().
 * Limits   INPUT_BYTES_MAX a file, INPUT_COUNT_MAX files.
 */
#ifndef FARGUARD_CTL_INPUT_H
#define FARGUARD_CTL_INPUT_H

#include <stddef.h>

#define INPUT_BYTES_MAX (64u << 20)
#define INPUT_COUNT_MAX 4096

struct err;

struct input_file {
	char *name;  /* as it was given; "-" is standard input */
	char *bytes; /* with a NUL behind them that does not count */
	size_t len;
};

struct input {
	struct input_file *files;
	size_t count;
};

/* Read each of `paths`; of a directory its *.yaml, *.yml and *.json, sorted.  Returns 0 or -errno
 * with the first failure in `err`; input_done() either way. */
int input_read(struct input *input, const char *const *paths, size_t count, struct err *err);
void input_done(struct input *input);

#endif
