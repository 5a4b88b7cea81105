#include "webhook/ctl/complete.h"

#include <stdbool.h>
#include <string.h>

#include "webhook/ctl/options.h"
#include "webhook/ctl/verb.h"

static bool begins(const char *word, const char *prefix)
{
	return strncmp(word, prefix, strlen(prefix)) == 0;
}

static void offer(FILE *out, const char *word, size_t len, const char *text)
{
	fprintf(out, "%.*s%s%s\n", (int)len, word, *text ? "\t" : "", text);
}

static enum complete_directive files(FILE *out)
{
	fputs("yaml\nyml\njson\n", out);
	return COMPLETE_EXTENSIONS;
}

/* The first words of verbs; of those that share one it is told once. */
static void first_words(FILE *out, const char *prefix)
{
	size_t count, last_len = 0;
	const struct verb *verbs = verb_table(&count);
	const char *last = "";

	for (size_t i = 0; i < count; i++) {
		const char *name = verbs[i].name;
		size_t len = strcspn(name, " ");

		if (begins(name, prefix) && strlen(prefix) <= len &&
		    !(len == last_len && strncmp(name, last, len) == 0))
			offer(out, name, len, name[len] ? "" : verbs[i].summary);
		last = name;
		last_len = len;
	}
	if (begins("help", prefix))
		fputs("help\tsay more about a verb\n", out);
}

static void second_words(FILE *out, const char *first, const char *prefix)
{
	size_t count, len = strlen(first);
	const struct verb *verbs = verb_table(&count);

	for (size_t i = 0; i < count; i++) {
		const char *second = verbs[i].name + len + 1;

		if (begins(verbs[i].name, first) && verbs[i].name[len] == ' ' &&
		    begins(second, prefix))
			offer(out, second, strlen(second), verbs[i].summary);
	}
}

static const struct options_row *row_of(const struct verb *verb, const char *word, size_t len)
{
	size_t count;
	const struct options_row *rows = options_table(&count);

	for (size_t i = 0; i < count; i++) {
		if (!options_accepted(&rows[i], verb))
			continue;
		if (len == 2 && word[0] == '-' && rows[i].letter && word[1] == rows[i].letter)
			return &rows[i];
		if (len > 2 && begins(word, "--") && strlen(rows[i].name) == len - 2 &&
		    strncmp(word + 2, rows[i].name, len - 2) == 0)
			return &rows[i];
	}
	return NULL;
}

static enum complete_directive value(FILE *out, const struct verb *verb,
                                     const struct options_row *row, const char *prefix)
{
	/* Those without help are -o: its values are the verb's. */
	for (unsigned i = OPTIONS_YAML; !row->help && options_format_name(i); i++)
		if ((verb->formats & 1u << i) && begins(options_format_name(i), prefix))
			fprintf(out, "%s\n", options_format_name(i));
	for (size_t i = 0; i < OPTIONS_CHOICES_MAX && row->choices[i]; i++)
		if (begins(row->choices[i], prefix))
			fprintf(out, "%s\n", row->choices[i]);
	return begins(row->value, "FILE") ? files(out) : COMPLETE_NO_FILES;
}

/* Of help's text the first line. */
static void options(FILE *out, const struct verb *verb, const char *prefix)
{
	size_t count;
	const struct options_row *rows = options_table(&count);

	for (size_t i = 0; i < count; i++) {
		const char *help = rows[i].help ? rows[i].help : verb->format_help;

		if (options_accepted(&rows[i], verb) && begins(rows[i].name, prefix))
			fprintf(out, "--%s\t%.*s\n", rows[i].name, (int)strcspn(help, "\n"), help);
	}
}

/* argv[0..argc) stand behind the verb; the last one is being typed. */
static enum complete_directive behind_verb(FILE *out, const struct verb *verb, int argc,
                                           char **argv)
{
	const char *word = argv[argc - 1], *equals = strchr(word, '=');
	const struct options_row *row = NULL;
	bool ended = false;

	for (int i = 0; i + 1 < argc && !ended; i++) {
		/* A value is none of what it looks like. */
		row = row ? NULL : row_of(verb, argv[i], strlen(argv[i]));
		if (row && !row->value)
			row = NULL;
		ended = !row && strcmp(argv[i], "--") == 0;
	}
	if (row)
		return value(out, verb, row, word);
	row = equals && !ended ? row_of(verb, word, (size_t)(equals - word)) : NULL;
	if (row && row->value)
		return value(out, verb, row, equals + 1);
	if (word[0] == '-' && word[1] != '\0' && !ended) {
		options(out, verb, word + 1 + (word[1] == '-'));
		return COMPLETE_NO_FILES;
	}
	if (word[0] == '-' && !ended)
		options(out, verb, "");
	return (verb->accepted & OPTIONS_FILES) && word[0] != '-' ? files(out) : COMPLETE_NO_FILES;
}

static enum complete_directive complete(FILE *out, int argc, char **argv)
{
	const struct verb *verb;
	int words;

	if (argc > 1 && strcmp(argv[0], "help") == 0)
		argc--, argv++;
	else if (argc > 1 && (verb = verb_find(argc - 1, argv, &words)))
		return behind_verb(out, verb, argc - words, argv + words);
	if (argc == 1)
		first_words(out, argv[0]);
	else if (argc == 2)
		second_words(out, argv[0], argv[1]);
	return COMPLETE_NO_FILES;
}

void complete_print(FILE *out, int argc, char **argv)
{
	fprintf(out, ":%d\n", complete(out, argc, argv));
}
