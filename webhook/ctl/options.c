#include "webhook/ctl/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "webhook/ctl/exits.h"
#include "webhook/ctl/program.h"
#include "webhook/ctl/verb.h"
#include "webhook/kube/api.h"
#include "webhook/policy/nearest.h"

#define INJECT_KEY "farguard.io/inject"
#define PID1_KEY   "farguard.io/pid1"

struct options_parser {
	struct options *options;
	const struct verb *verb;
	int argc, at; /* argv[at] is next */
	char **argv;
};

static int wrong(const struct options_parser *p, const char *what, const char *text,
                 const char *hint)
{
	exits_say("%s \"%.200s\"%s; see %s help %s", what, text, hint, program_name(),
	          p->verb->name);
	return -EINVAL;
}

static int take_path(struct options_parser *p, const char *value)
{
	struct options *options = p->options;

	if (!*value)
		return wrong(p, "no file name:", value, "");
	for (size_t i = 0; i < options->path_count; i++)
		if (strcmp(value, "-") == 0 && strcmp(options->paths[i], "-") == 0)
			return wrong(p, "standard input can be read once only:", value, "");
	options->paths[options->path_count++] = value;
	return 0;
}

const char *options_format_name(unsigned format)
{
	static const char *const names[] = {[OPTIONS_YAML] = "yaml",
	                                    [OPTIONS_JSON] = "json",
	                                    [OPTIONS_PATCH] = "patch",
	                                    [OPTIONS_TEXT] = "text"};

	return format < sizeof(names) / sizeof(*names) ? names[format] : NULL;
}

static int take_format(struct options_parser *p, const char *value)
{
	char known[64] = ", not one of ";
	size_t len = strlen(known);

	for (unsigned i = OPTIONS_YAML; options_format_name(i); i++) {
		if (!(p->verb->formats & 1u << i))
			continue;
		if (strcmp(value, options_format_name(i)) == 0) {
			p->options->format = (enum options_format)i;
			return 0;
		}
		len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s",
		                        known[len - 1] == ' ' ? "" : ", ", options_format_name(i));
	}
	return wrong(p, "unknown format", value, known);
}

static int take_config(struct options_parser *p, const char *value)
{
	p->options->config = value;
	return 0;
}

static int take_namespace(struct options_parser *p, const char *value)
{
	p->options->namespace = value;
	return 0;
}

static bool is_key(const char *text, const char *end, const char *key)
{
	return strncmp(text, key, strlen(key)) == 0 && end == text + strlen(key);
}

static int take_annotation(struct options_parser *p, const char *value)
{
	const char *equals = strchr(value, '=');

	if (!equals)
		return wrong(p, "no KEY=VALUE:", value, "");
	if (is_key(value, equals, INJECT_KEY)) {
		p->options->namespace_inject = equals + 1;
		p->options->has_namespace_inject = true;
		return 0;
	}
	if (!is_key(value, equals, PID1_KEY))
		return wrong(p, "of a namespace only " INJECT_KEY " and " PID1_KEY " count, not",
		             value, "");
	p->options->namespace_pid1 = equals + 1;
	p->options->has_namespace_pid1 = true;
	return 0;
}

static int take_sidecars(struct options_parser *p, const char *value)
{
	p->options->native_sidecars = strcmp(value, "true") == 0;
	if (!p->options->native_sidecars && strcmp(value, "false") != 0)
		return wrong(p, "--native-sidecars is true or false, not", value, "");
	return 0;
}

static int take_color(struct options_parser *p, const char *value)
{
	static const char *const names[] = {[OPTIONS_COLOR_AUTO] = "auto",
	                                    [OPTIONS_COLOR_ALWAYS] = "always",
	                                    [OPTIONS_COLOR_NEVER] = "never"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(value, names[i]) == 0) {
			p->options->color = (enum options_color)i;
			return 0;
		}
	}
	return wrong(p, "--color is auto, always or never, not", value, "");
}

static int take_kubeconfig(struct options_parser *p, const char *value)
{
	p->options->kubeconfig = value;
	return *value ? 0 : wrong(p, "no file name:", value, "");
}

static int take_context(struct options_parser *p, const char *value)
{
	p->options->context = value;
	return *value ? 0 : wrong(p, "no context:", value, "");
}

static int take_farguard_namespace(struct options_parser *p, const char *value)
{
	p->options->farguard_namespace = value;
	return api_is_name(value) ? 0 : wrong(p, "no namespace:", value, "");
}

static int take_all(struct options_parser *p, const char *value)
{
	(void)value;
	p->options->namespace = NULL;
	return 0;
}

static int take_dry_run(struct options_parser *p, const char *value)
{
	(void)value;
	p->options->dry_run = true;
	return 0;
}

static int take_help(struct options_parser *p, const char *value)
{
	(void)value;
	p->options->help = true;
	return 0;
}

static const struct options_row table[] = {
        {.name = "filename",
         .letter = 'f',
         .value = "FILE|DIR|-",
         .help = "input; repeatable, operands count too; of a\n"
                 "directory its *.yaml, *.yml and *.json; - or\n"
                 "nothing is standard input",
         .accept = OPTIONS_FILES,
         .take = take_path},
        {.name = "output",
         .letter = 'o',
         .value = "FORMAT",
         .accept = OPTIONS_FORMAT,
         .take = take_format},
        {.name = "config",
         .value = "FILE",
         .help = "configuration; without it the defaults hold, for\n"
                 "check the cluster's ConfigMap farguard",
         .accept = OPTIONS_CONFIG,
         .take = take_config},
        {.name = "namespace",
         .letter = 'n',
         .value = "NAME",
         .help = "of documents that name none; check: only this one",
         .accept = OPTIONS_NAMESPACE | OPTIONS_SCOPE,
         .take = take_namespace},
        {.name = "namespace-annotation",
         .value = "KEY=VALUE",
         .help = "what the namespace says about " INJECT_KEY "\n"
                 "(enabled) or " PID1_KEY " (nothing); for\n"
                 "check what it does say",
         .accept = OPTIONS_NAMESPACE | OPTIONS_SCOPE,
         .choices = {INJECT_KEY "=enabled", INJECT_KEY "=disabled", INJECT_KEY "=",
                     PID1_KEY "=auto", PID1_KEY "=farguard", PID1_KEY "=program"},
         .take = take_annotation},
        {.name = "native-sidecars",
         .value = "true|false",
         .help = "whether the cluster has them (true)",
         .accept = OPTIONS_SIDECARS,
         .choices = {"true", "false"},
         .take = take_sidecars},
        {.name = "all-namespaces",
         .letter = 'A',
         .help = "all that there are, as without -n",
         .accept = OPTIONS_SCOPE,
         .take = take_all},
        {.name = "kubeconfig",
         .value = "FILE",
         .help = "the cluster and the credentials; without it\n"
                 "KUBECONFIG, ~/.kube/config or the pod's own",
         .accept = OPTIONS_CLUSTER,
         .take = take_kubeconfig},
        {.name = "context",
         .value = "NAME",
         .help = "of the kubeconfig, instead of its current one",
         .accept = OPTIONS_CLUSTER,
         .take = take_context},
        {.name = "farguard-namespace",
         .value = "NAME",
         .help = "where ConfigMap farguard is, the configuration\n"
                 "without --config (farguard)",
         .accept = OPTIONS_CLUSTER,
         .take = take_farguard_namespace},
        {.name = "dry-run",
         .help = "instead: would the cluster refuse workloads\n"
                 "only because of Farguard in them",
         .accept = OPTIONS_DRY_RUN,
         .take = take_dry_run},
        {.name = "color",
         .value = "WHEN",
         .help = "auto (on a terminal, without NO_COLOR), always or\n"
                 "never",
         .accept = OPTIONS_COLOR,
         .choices = {"auto", "always", "never"},
         .take = take_color},
        {.name = "help", .letter = 'h', .help = "print this", .take = take_help},
};

#define ROW_COUNT (sizeof(table) / sizeof(*table))

const struct options_row *options_table(size_t *out_count)
{
	*out_count = ROW_COUNT;
	return table;
}

bool options_accepted(const struct options_row *row, const struct verb *verb)
{
	return !row->accept || (row->accept & verb->accepted);
}

/* The verb's options only: another verb's would be no help. */
static int unknown(const struct options_parser *p, const char *argument, size_t len)
{
	char text[NEAREST_BYTES_MAX] = "", hint[NEAREST_BYTES_MAX + 32] = "";
	struct nearest nearest = {.text = text};

	if (len < sizeof(text))
		memcpy(text, argument + 2, len);
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (options_accepted(&table[i], p->verb))
			nearest_offer(&nearest, table[i].name);
	if (*text && nearest_word(&nearest))
		snprintf(hint, sizeof(hint), " (did you mean --%s?)", nearest_word(&nearest));
	return wrong(p, "unknown option", argument, hint);
}

/* Take `row` with the value behind "=" or behind the letter, or else the next argument. */
static int take(struct options_parser *p, const struct options_row *row, const char *argument,
                const char *value)
{
	if (!options_accepted(row, p->verb))
		return wrong(p, "the verb does not take", argument, "");
	if (!row->value && value)
		return wrong(p, "no value belongs to", argument, "");
	if (row->value && !value) {
		if (p->at == p->argc)
			return wrong(p, "a value is missing behind", argument, "");
		value = p->argv[p->at++];
	}
	return row->take(p, value);
}

static int take_long(struct options_parser *p, const char *argument)
{
	const char *name = argument + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);

	for (size_t i = 0; i < ROW_COUNT; i++)
		if (strlen(table[i].name) == len && strncmp(table[i].name, name, len) == 0)
			return take(p, &table[i], argument, equals ? equals + 1 : NULL);
	return unknown(p, argument, len);
}

static int take_short(struct options_parser *p, const char *argument)
{
	const char *rest = argument + 2;

	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (table[i].letter != argument[1])
			continue;
		/* -ojson, -o=json and -o json, as kubectl has them. */
		return take(p, &table[i], argument, *rest == '=' ? rest + 1 : *rest ? rest : NULL);
	}
	return wrong(p, "unknown option", argument, "");
}

int options_parse(struct options *options, const struct verb *verb, int argc, char **argv)
{
	struct options_parser p = {options, verb, argc, 0, argv};
	bool ended = false;
	int r = 0;

	*options = (struct options){.namespace_inject = "enabled",
	                            .namespace_pid1 = "",
	                            .native_sidecars = true,
	                            .farguard_namespace = "farguard"};
	options->paths = calloc((size_t)argc + 1, sizeof(*options->paths));
	if (!options->paths)
		return -ENOMEM;
	while (r == 0 && p.at < argc) {
		const char *argument = argv[p.at++];

		if (!ended && strcmp(argument, "--") == 0)
			ended = true;
		else if (!ended && strncmp(argument, "--", 2) == 0)
			r = take_long(&p, argument);
		else if (!ended && argument[0] == '-' && argument[1])
			r = take_short(&p, argument);
		else if (verb->accepted & OPTIONS_FILES)
			r = take_path(&p, argument);
		else
			r = wrong(&p, "no operand belongs here:", argument, "");
	}
	return r;
}

void options_done(struct options *options)
{
	free(options->paths);
	*options = (struct options){0};
}

bool options_wants_color(const struct options *options)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (options->color != OPTIONS_COLOR_AUTO)
		return options->color == OPTIONS_COLOR_ALWAYS;
	/* https://no-color.org: when present and not empty. */
	return isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
	       !(term && strcmp(term, "dumb") == 0);
}
