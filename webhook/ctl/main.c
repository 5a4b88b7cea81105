/* main.c - farguardctl: what the webhook does, at a prompt. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/ctl/complete.h"
#include "webhook/ctl/help.h"
#include "webhook/ctl/input.h"
#include "webhook/ctl/options.h"
#include "webhook/ctl/output.h"
#include "webhook/ctl/program.h"
#include "webhook/ctl/verb.h"
#include "webhook/policy/nearest.h"

/* The verb that may have been meant, and where it is one of two words, its first. */
static const char *nearest_verb(int argc, char **argv)
{
	struct nearest nearest = {.text = argv[0]};
	char words[NEAREST_BYTES_MAX];
	size_t count;
	const struct verb *verbs = verb_table(&count);
	int len = argc > 1 ? snprintf(words, sizeof(words), "%s %s", argv[0], argv[1]) : -1;

	for (size_t i = 0; i < count; i++)
		nearest_offer(&nearest, verbs[i].name);
	if (nearest_word(&nearest) || len < 0 || (size_t)len >= sizeof(words))
		return nearest_word(&nearest);
	nearest = (struct nearest){.text = words};
	for (size_t i = 0; i < count; i++)
		if (strchr(verbs[i].name, ' '))
			nearest_offer(&nearest, verbs[i].name);
	return nearest_word(&nearest);
}

static enum exits unknown(int argc, char **argv)
{
	const char *near = argc > 0 ? nearest_verb(argc, argv) : NULL;

	if (argc < 1)
		exits_say("a verb is missing");
	else if (strcmp(argv[0], "config") == 0)
		exits_say("config takes the word check");
	else if (near)
		exits_say("unknown verb \"%.100s\"; did you mean \"%s\"?", argv[0], near);
	else
		exits_say("unknown verb \"%.100s\"", argv[0]);
	help_list(stderr);
	return EXITS_USAGE;
}

/* Flush what was printed, not kept: help and completion. */
static enum exits flush(void)
{
	if (fflush(stdout) == 0)
		return EXITS_DONE;
	exits_say("standard output: %s", strerror(errno));
	return EXITS_INTERNAL;
}

static enum exits help(int argc, char **argv)
{
	int words;
	const struct verb *verb = verb_find(argc, argv, &words);

	if (argc > 0 && !verb)
		return unknown(argc, argv);
	if (verb)
		help_verb(stdout, verb);
	else
		help_list(stdout);
	return flush();
}

static enum exits complete(int argc, char **argv)
{
	complete_print(stdout, argc, argv);
	return flush();
}

/* Read, work, and write only what came out whole. */
static enum exits run(const struct verb *verb, const struct options *options)
{
	static const char *const standard_input[] = {"-"};
	bool implied = options->path_count == 0 && (verb->accepted & OPTIONS_FILES);
	CLEANUP(output_done) struct output output = {0};
	CLEANUP(input_done) struct input input = {0};
	struct err err = {0};
	enum exits status;

	if (implied && isatty(STDIN_FILENO)) {
		exits_say("no input; see %s help %s", program_name(), verb->name);
		return EXITS_USAGE;
	}
	if (input_read(&input, implied ? standard_input : options->paths,
	               implied ? 1 : options->path_count, &err) < 0)
		return exits_of(&err);
	status = verb->run(options, &input, &output);
	if (status != EXITS_DONE && status != EXITS_FOUND)
		return status;
	if (output_write(&output, &err) == 0)
		return status;
	exits_say("%s", err.text);
	return EXITS_INTERNAL;
}

/* A descriptor that is closed would be given to the first file that is opened: standard output
 * could then be a file of the user's.  What stands there instead cannot be written. */
static void keep_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	CLEANUP(options_done) struct options options = {0};
	const struct verb *verb;
	int words, r;

	keep_standard_descriptors();
	signal(SIGPIPE, SIG_IGN);
	program_start(argc > 0 ? argv[0] : NULL);
	argc -= argc > 0;
	argv++;
	if (program_is_completion())
		return complete(argc, argv);
	if (argc > 0 && strcmp(argv[0], COMPLETE_VERB) == 0)
		return complete(argc - 1, argv + 1);
	if (argc > 0 && (strcmp(argv[0], "help") == 0 || strcmp(argv[0], "--help") == 0 ||
	                 strcmp(argv[0], "-h") == 0))
		return help(argc - 1, argv + 1);
	if (argc > 0 && strcmp(argv[0], "--version") == 0)
		argv[0] += 2;
	verb = verb_find(argc, argv, &words);
	if (!verb)
		return unknown(argc, argv);
	r = options_parse(&options, verb, argc - words, argv + words);
	if (r < 0)
		return r == -ENOMEM ? EXITS_INTERNAL : EXITS_USAGE;
	return options.help ? help(words, argv) : run(verb, &options);
}
