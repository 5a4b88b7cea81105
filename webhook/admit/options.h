/* options.h - the command line of farguard-webhook, completed by what a pod knows of itself.
 *
 * Owns     Nothing: texts are those of argv, the environment, or inside struct options.
 */
#ifndef FARGUARD_ADMIT_OPTIONS_H
#define FARGUARD_ADMIT_OPTIONS_H

#include <stdbool.h>

#include "webhook/admit/log.h"

#define OPTIONS_ADDRESS_MAX   300
#define OPTIONS_NAMESPACE_MAX 64
#define OPTIONS_DRAIN_S_MAX   300

enum options_exit {
	OPTIONS_DONE = 0,
	OPTIONS_FOUND = 1, /* --probe: the pod came back unguarded */
	OPTIONS_USAGE = 2,
	OPTIONS_INPUT = 3,
	OPTIONS_CLUSTER = 4,
	OPTIONS_INTERNAL = 5
};

struct options {
	const char *config;  /* NULL: the defaults */
	const char *ca_file; /* NULL for an http:// address */
	const char *token_file;
	const char *service;
	unsigned drain_s;
	enum log_level log_level;
	unsigned probe_s; /* between self-probes; 0 for none */
	bool help, version;
	bool probe; /* ask once, and end */
	char api_server[OPTIONS_ADDRESS_MAX];
	char namespace[OPTIONS_NAMESPACE_MAX];
};

/* Returns 0, or the exit status after saying on stderr what is wrong. */
int options_parse(struct options *options, int argc, char **argv);

/* What --help prints. */
const char *options_help(void);

#endif
