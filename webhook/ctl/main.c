/* main.c - farguardctl: what the webhook does, at a prompt. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "injector/base/version.h"
#include "webhook/ctl/input.h"
#include "webhook/ctl/options.h"
#include "webhook/ctl/output.h"
#include "webhook/ctl/verb.h"

#define FILES_HELP                                                                                 \
	"  -f, --filename FILE|DIR|-   input; repeatable, operands count too; of a directory "     \
	"its\n"                                                                                    \
	"                              *.yaml, *.yml and *.json; - or nothing is standard input\n"
#define FORMAT_HELP                                                                                \
	"  -o, --output FORMAT         yaml or json instead of what was read; patch: one line "    \
	"of\n"                                                                                     \
	"                              JSON for each object, with its JSON Patch\n"
#define CONFIG_HELP "      --config FILE           configuration; without it the defaults hold\n"
#define NAMESPACE_HELP                                                                             \
	"  -n, --namespace NAME        of documents that name none\n"                              \
	"      --namespace-annotation farguard.io/inject=VALUE\n"                                  \
	"                              what the namespace says (enabled)\n"
#define SIDECARS_HELP                                                                              \
	"      --native-sidecars true|false\n"                                                     \
	"                              whether the cluster has them (true)\n"

enum exits verb_version(const struct options *options, const struct input *input,
                        struct output *output)
{
	(void)options;
	(void)input;
	output_text(output, "farguardctl " FARGUARD_VERSION "\n");
	return EXITS_DONE;
}

static const struct verb verbs[] = {
        {"inject", "put Farguard into workloads",
         "usage: farguardctl inject [-f FILE|DIR|-]... [OPTIONS]\n"
         "Prints the documents with Farguard in each workload's pod; says on standard error which\n"
         "are passed on as they are, and why.\n" FILES_HELP FORMAT_HELP CONFIG_HELP NAMESPACE_HELP
                 SIDECARS_HELP,
         OPTIONS_FILES | OPTIONS_FORMAT | OPTIONS_CONFIG | OPTIONS_NAMESPACE | OPTIONS_SIDECARS,
         verb_inject},
        {"uninject", "take Farguard out of workloads",
         "usage: farguardctl uninject [-f FILE|DIR|-]... [-o FORMAT]\n"
         "Prints the documents as they were before inject.\n" FILES_HELP FORMAT_HELP,
         OPTIONS_FILES | OPTIONS_FORMAT, verb_uninject},
        {"review", "answer an AdmissionReview as the webhook would",
         "usage: farguardctl review [-f FILE] [OPTIONS]\n"
         "Answers the AdmissionReview on standard input, to the byte as the webhook "
         "would.\n" FILES_HELP CONFIG_HELP NAMESPACE_HELP SIDECARS_HELP,
         OPTIONS_FILES | OPTIONS_CONFIG | OPTIONS_NAMESPACE | OPTIONS_SIDECARS, verb_review},
        {"config check", "check configuration files",
         "usage: farguardctl config check FILE...\n"
         "Says \"valid\", or what is wrong as FILE:LINE:COLUMN.\n" FILES_HELP,
         OPTIONS_FILES, verb_config_check},
        {"version", "print the version", "usage: farguardctl version\n", 0, verb_version},
};

#define VERB_COUNT (sizeof(verbs) / sizeof(*verbs))

static void list_verbs(FILE *out)
{
	fputs("usage: farguardctl VERB [-f FILE|DIR|-]... [OPTIONS]\n\n", out);
	for (size_t i = 0; i < VERB_COUNT; i++)
		fprintf(out, "  %-14s %s\n", verbs[i].name, verbs[i].summary);
	fputs("\nfarguardctl help VERB says more.  Exit status: 0 done, 2 usage, 3 bad input,\n"
	      "5 internal.\n",
	      out);
}

/* The verb that argv[0..argc) begins with, and in `*out_words` how many words it has. */
static const struct verb *find_verb(int argc, char **argv, int *out_words)
{
	for (size_t i = 0; i < VERB_COUNT; i++) {
		const char *name = verbs[i].name, *space = strchr(name, ' ');
		size_t first = space ? (size_t)(space - name) : strlen(name);

		if (argc < 1 || strlen(argv[0]) != first || strncmp(argv[0], name, first) != 0)
			continue;
		if (space && (argc < 2 || strcmp(argv[1], space + 1) != 0))
			continue;
		*out_words = space ? 2 : 1;
		return &verbs[i];
	}
	return NULL;
}

static enum exits unknown(int argc, char **argv)
{
	if (argc < 1)
		exits_say("a verb is missing");
	else if (strcmp(argv[0], "config") == 0)
		exits_say("config takes the word check");
	else
		exits_say("unknown verb \"%.100s\"", argv[0]);
	list_verbs(stderr);
	return EXITS_USAGE;
}

static enum exits help(int argc, char **argv)
{
	int words;
	const struct verb *verb = find_verb(argc, argv, &words);

	if (argc > 0 && !verb)
		return unknown(argc, argv);
	if (verb)
		fputs(verb->help, stdout);
	else
		list_verbs(stdout);
	if (fflush(stdout) == 0)
		return EXITS_DONE;
	exits_say("standard output: %s", strerror(errno));
	return EXITS_INTERNAL;
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
		exits_say("no input; see farguardctl help %s", verb->name);
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
	argc -= argc > 0;
	argv++;
	if (argc > 0 && (strcmp(argv[0], "help") == 0 || strcmp(argv[0], "--help") == 0 ||
	                 strcmp(argv[0], "-h") == 0))
		return help(argc - 1, argv + 1);
	if (argc > 0 && strcmp(argv[0], "--version") == 0)
		argv[0] += 2;
	verb = find_verb(argc, argv, &words);
	if (!verb)
		return unknown(argc, argv);
	r = options_parse(&options, verb->accepted, verb->name, argc - words, argv + words);
	if (r < 0)
		return r == -ENOMEM ? EXITS_INTERNAL : EXITS_USAGE;
	return options.help ? help(words, argv) : run(verb, &options);
}
