/* options.h - the command line of `farguard run`. */
#ifndef FARGUARD_LAUNCH_OPTIONS_H
#define FARGUARD_LAUNCH_OPTIONS_H

#include <stdbool.h>

#include "injector/launch/estate.h"

struct err;

struct run_options {
	const char *exe;  /* file to execute, or NULL: look argv[0] up */
	bool self_wrap;   /* called by the preload library's constructor */
	const char *pid1; /* word behind --pid1=, or NULL; whether it is one is not an error */
	bool restart;     /* start it again when it fails: the agent's container */
	char **argv;      /* of the program, NULL at the end; part of what was parsed */
	struct estate_title title; /* set by who has the whole command line */
};

/* Parse what follows "run".  Returns 0 or -EINVAL with `err` naming the argument. */
int options_parse(struct run_options *out, char **args, struct err *err);

#endif
