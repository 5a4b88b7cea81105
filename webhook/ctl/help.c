#include "webhook/ctl/help.h"

#include <string.h>

#include "webhook/ctl/options.h"
#include "webhook/ctl/program.h"
#include "webhook/ctl/verb.h"

#define VERB_WIDTH   14
#define OPTION_WIDTH 30

void help_list(FILE *out)
{
	size_t count;
	const struct verb *verbs = verb_table(&count);

	fprintf(out, "usage: %s VERB [-f FILE|DIR|-]... [OPTIONS]\n\n", program_name());
	for (size_t i = 0; i < count; i++)
		fprintf(out, "  %-*s %s\n", VERB_WIDTH, verbs[i].name, verbs[i].summary);
	fprintf(out,
	        "\n%s help VERB says more, and so does VERB --help.  Exit status: 0 done,\n"
	        "1 done and something was found, 2 usage, 3 bad input, 4 cluster or network,\n"
	        "5 internal.\n",
	        program_name());
}

/* Lines of `text`, each but the first one indented. */
static void indented(FILE *out, const char *text)
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1)
		fprintf(out, "%.*s\n%*s", (int)(end - text), text, OPTION_WIDTH, "");
	fprintf(out, "%s\n", text);
}

static void help_option(FILE *out, const struct verb *verb, const struct options_row *row)
{
	int width;

	if (row->letter)
		width = fprintf(out, "  -%c, --%s", row->letter, row->name);
	else
		width = fprintf(out, "      --%s", row->name);
	if (row->value)
		width += fprintf(out, " %s", row->value);
	if (width > OPTION_WIDTH - 2)
		fprintf(out, "\n%*s", OPTION_WIDTH, "");
	else
		fprintf(out, "%*s", OPTION_WIDTH - width, "");
	indented(out, row->help ? row->help : verb->format_help);
}

void help_verb(FILE *out, const struct verb *verb)
{
	size_t count;
	const struct options_row *rows = options_table(&count);

	fprintf(out, "usage: %s %s %s\n\n%s\n", program_name(), verb->name, verb->operands,
	        verb->text);
	for (size_t i = 0; i < count; i++)
		if (options_accepted(&rows[i], verb))
			help_option(out, verb, &rows[i]);
	for (size_t i = 0; i < VERB_EXAMPLES_MAX && verb->examples[i]; i++)
		fprintf(out, "%s  %s %s\n", i == 0 ? "\nexamples:\n" : "", program_name(),
		        verb->examples[i]);
}
