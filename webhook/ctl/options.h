/* options.h - the command line, read by a table.
 *
 * Owns     The list of paths, until options_done(); every string is argv's.
 * Errors   A wrong command line is said on stderr at once; the caller only leaves.
 */
#ifndef FARGUARD_CTL_OPTIONS_H
#define FARGUARD_CTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct verb;

enum options_format { OPTIONS_AS_GIVEN, OPTIONS_YAML, OPTIONS_JSON, OPTIONS_PATCH, OPTIONS_TEXT };

enum options_color { OPTIONS_COLOR_AUTO, OPTIONS_COLOR_ALWAYS, OPTIONS_COLOR_NEVER };

/* Which options a verb takes. */
enum options_accept {
	OPTIONS_FILES = 1u << 0,     /* -f and operands */
	OPTIONS_FORMAT = 1u << 1,    /* -o, the verb's formats */
	OPTIONS_CONFIG = 1u << 2,    /* --config */
	OPTIONS_NAMESPACE = 1u << 3, /* -n, --namespace-annotation */
	OPTIONS_SIDECARS = 1u << 4,  /* --native-sidecars */
	OPTIONS_COLOR = 1u << 5,     /* --color */
	OPTIONS_CLUSTER = 1u << 6,   /* --kubeconfig, --context, --farguard-namespace */
	OPTIONS_SCOPE = 1u << 7,     /* -n, -A, --namespace-annotation: those of the cluster */
	OPTIONS_DRY_RUN = 1u << 8    /* --dry-run */
};

struct options {
	const char **paths;
	size_t path_count;
	enum options_format format;
	const char *config;           /* or NULL */
	const char *namespace;        /* or NULL */
	const char *namespace_inject; /* never NULL; "" when the namespace says nothing */
	bool has_namespace_inject;    /* it was given */
	const char *namespace_pid1;   /* never NULL; "" when the namespace says nothing */
	bool has_namespace_pid1;      /* it was given */
	bool native_sidecars;
	enum options_color color;
	const char *kubeconfig;         /* or NULL */
	const char *context;            /* or NULL */
	const char *farguard_namespace; /* never NULL */
	bool dry_run;
	bool help;
};

#define OPTIONS_CHOICES_MAX 6

struct options_parser;

/* One option. */
struct options_row {
	const char *name;                         /* without dashes */
	char letter;                              /* 0: long only */
	const char *value;                        /* how help calls its value; NULL: it has none */
	const char *help;                         /* NULL: the verb's format_help */
	unsigned accept;                          /* 0: every verb */
	const char *choices[OPTIONS_CHOICES_MAX]; /* values that completion offers */
	int (*take)(struct options_parser *p, const char *value);
};

const struct options_row *options_table(size_t *out_count);

/* Whether `verb` takes the option. */
bool options_accepted(const struct options_row *row, const struct verb *verb);

/* "yaml", for -o; NULL for OPTIONS_AS_GIVEN and behind the last one. */
const char *options_format_name(unsigned format);

/* Read argv[0..argc), which stands behind the verb.  Returns 0, or -EINVAL after saying why, or
 * -ENOMEM. */
int options_parse(struct options *options, const struct verb *verb, int argc, char **argv);
void options_done(struct options *options);

/* Whether text is to be coloured: as --color says, else on a terminal that wants it. */
bool options_wants_color(const struct options *options);

#endif
