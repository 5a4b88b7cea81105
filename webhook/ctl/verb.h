/* verb.h - what farguardctl can do, one function each, and the table of them.
 *
 * Why      The command line, help and completion are made from this table and options.h's; a test
 *          holds the man page to them.
 */
#ifndef FARGUARD_CTL_VERB_H
#define FARGUARD_CTL_VERB_H

#include <stddef.h>

#include "webhook/ctl/exits.h"

#define VERB_EXAMPLES_MAX 3

struct input;
struct options;
struct output;

/* Each reads what it needs, says on stderr what is wrong, and adds to `output`, which is written
 * only when the status is EXITS_DONE or EXITS_FOUND. */
typedef enum exits verb_fn(const struct options *options, const struct input *input,
                           struct output *output);

struct verb {
	const char *name;     /* one word, or two */
	const char *operands; /* for the line of usage */
	const char *summary;  /* one line for the list */
	const char *text;     /* what it does; each line ends */
	unsigned accepted;    /* enum options_accept */
	unsigned formats;     /* of -o: bits 1u << enum options_format */
	const char *format_help;
	const char *examples[VERB_EXAMPLES_MAX]; /* without the program's name */
	verb_fn *run;
};

const struct verb *verb_table(size_t *out_count);

/* The verb that argv[0..argc) begins with, and in `*out_words` how many words it has; or NULL. */
const struct verb *verb_find(int argc, char **argv, int *out_words);

verb_fn verb_inject;
verb_fn verb_uninject;
verb_fn verb_explain;
verb_fn verb_check;
verb_fn verb_review;
verb_fn verb_config_check;
verb_fn verb_version;

#endif
