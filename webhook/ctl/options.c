#include "webhook/ctl/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "webhook/ctl/exits.h"

#define INJECT_KEY "farguard.io/inject"

struct parser {
	struct options *options;
	const char *verb;
	unsigned accepted;
	int argc, at; /* argv[at] is next */
	char **argv;
};

static int wrong(const struct parser *p, const char *what, const char *text, const char *hint)
{
	exits_say("%s \"%.200s\"%s; see farguardctl help %s", what, text, hint, p->verb);
	return -EINVAL;
}

static int take_path(struct parser *p, const char *value)
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

static int take_format(struct parser *p, const char *value)
{
	static const char *const names[] = {
	        [OPTIONS_YAML] = "yaml", [OPTIONS_JSON] = "json", [OPTIONS_PATCH] = "patch"};

	for (size_t i = OPTIONS_YAML; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(value, names[i]) == 0) {
			p->options->format = (enum options_format)i;
			return 0;
		}
	}
	return wrong(p, "unknown format", value, ", not one of yaml, json, patch");
}

static int take_config(struct parser *p, const char *value)
{
	p->options->config = value;
	return 0;
}

static int take_namespace(struct parser *p, const char *value)
{
	p->options->namespace = value;
	return 0;
}

static int take_annotation(struct parser *p, const char *value)
{
	const char *equals = strchr(value, '=');

	if (!equals)
		return wrong(p, "no KEY=VALUE:", value, "");
	if (strncmp(value, INJECT_KEY, strlen(INJECT_KEY)) != 0 ||
	    equals != value + strlen(INJECT_KEY))
		return wrong(p, "of a namespace only " INJECT_KEY " counts, not", value, "");
	p->options->namespace_inject = equals + 1;
	return 0;
}

static int take_sidecars(struct parser *p, const char *value)
{
	p->options->native_sidecars = strcmp(value, "true") == 0;
	if (!p->options->native_sidecars && strcmp(value, "false") != 0)
		return wrong(p, "--native-sidecars is true or false, not", value, "");
	return 0;
}

static int take_help(struct parser *p, const char *value)
{
	(void)value;
	p->options->help = true;
	return 0;
}

static const struct option {
	const char *name; /* without dashes; NULL: short only */
	char letter;      /* 0: long only */
	bool has_value;
	unsigned accept; /* 0: every verb */
	int (*take)(struct parser *p, const char *value);
} table[] = {
        {"filename", 'f', true, OPTIONS_FILES, take_path},
        {"output", 'o', true, OPTIONS_FORMAT, take_format},
        {"config", 0, true, OPTIONS_CONFIG, take_config},
        {"namespace", 'n', true, OPTIONS_NAMESPACE, take_namespace},
        {"namespace-annotation", 0, true, OPTIONS_NAMESPACE, take_annotation},
        {"native-sidecars", 0, true, OPTIONS_SIDECARS, take_sidecars},
        {"help", 'h', false, 0, take_help},
};

/* Take `option` with the value behind "=" or behind the letter, or else the next argument. */
static int take(struct parser *p, const struct option *option, const char *argument,
                const char *value)
{
	if (option->accept && !(option->accept & p->accepted))
		return wrong(p, "the verb does not take", argument, "");
	if (!option->has_value && value)
		return wrong(p, "no value belongs to", argument, "");
	if (option->has_value && !value) {
		if (p->at == p->argc)
			return wrong(p, "a value is missing behind", argument, "");
		value = p->argv[p->at++];
	}
	return option->take(p, value);
}

static int take_long(struct parser *p, const char *argument)
{
	const char *name = argument + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strlen(table[i].name) == len && strncmp(table[i].name, name, len) == 0)
			return take(p, &table[i], argument, equals ? equals + 1 : NULL);
	return wrong(p, "unknown option", argument, "");
}

static int take_short(struct parser *p, const char *argument)
{
	const char *rest = argument + 2;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (table[i].letter != argument[1])
			continue;
		/* -ojson, -o=json and -o json, as kubectl has them. */
		return take(p, &table[i], argument, *rest == '=' ? rest + 1 : *rest ? rest : NULL);
	}
	return wrong(p, "unknown option", argument, "");
}

int options_parse(struct options *options, unsigned accepted, const char *verb, int argc,
                  char **argv)
{
	struct parser p = {options, verb, accepted, argc, 0, argv};
	bool ended = false;
	int r = 0;

	*options = (struct options){.namespace_inject = "enabled", .native_sidecars = true};
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
		else if (accepted & OPTIONS_FILES)
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
