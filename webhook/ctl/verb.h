/* verb.h - what farguardctl can do, one function each. */
#ifndef FARGUARD_CTL_VERB_H
#define FARGUARD_CTL_VERB_H

#include "webhook/ctl/exits.h"

struct input;
struct options;
struct output;

/* Each reads what it needs, says on stderr what is wrong, and adds to `output`, which is written
 * only when the status is EXITS_DONE or EXITS_FOUND. */
typedef enum exits verb_fn(const struct options *options, const struct input *input,
                           struct output *output);

struct verb {
	const char *name;
	const char *summary; /* one line for the list */
	const char *help;    /* usage and options */
	unsigned accepted;   /* enum options_accept */
	verb_fn *run;
};

verb_fn verb_inject;
verb_fn verb_uninject;
verb_fn verb_review;
verb_fn verb_config_check;
verb_fn verb_version;

#endif
