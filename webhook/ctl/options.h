/* options.h - the command line, read by a table.
 *
 * Owns     The list of paths, until options_done(); every string is argv's.
 * Errors   A wrong command line is said on stderr at once; the caller only leaves.
 */
#ifndef FARGUARD_CTL_OPTIONS_H
#define FARGUARD_CTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum options_format { OPTIONS_AS_GIVEN, OPTIONS_YAML, OPTIONS_JSON, OPTIONS_PATCH };

/* Which options a verb takes. */
enum options_accept {
	OPTIONS_FILES = 1u << 0,     /* -f and operands */
	OPTIONS_FORMAT = 1u << 1,    /* -o */
	OPTIONS_CONFIG = 1u << 2,    /* --config */
	OPTIONS_NAMESPACE = 1u << 3, /* -n, --namespace-annotation */
	OPTIONS_SIDECARS = 1u << 4   /* --native-sidecars */
};

struct options {
	const char **paths;
	size_t path_count;
	enum options_format format;
	const char *config;           /* or NULL */
	const char *namespace;        /* or NULL */
	const char *namespace_inject; /* never NULL; "" when the namespace says nothing */
	bool native_sidecars;
	bool help;
};

/* Read argv[0..argc), which stands behind the verb.  Returns 0, or -EINVAL after saying why, or
 * -ENOMEM. */
int options_parse(struct options *options, unsigned accepted, const char *verb, int argc,
                  char **argv);
void options_done(struct options *options);

#endif
