/* main.c - farguard: what runs in the guarded containers themselves. */
#include <string.h>
#include <unistd.h>

#include "injector/base/err.h"
#include "injector/base/version.h"
#include "injector/install/install.h"
#include "injector/launch/options.h"
#include "injector/launch/run.h"
#include "injector/launch/say.h"

#define EXIT_USAGE 2

static const char usage[] =
        "usage: farguard COMMAND\n"
        "\n"
        "  install [--from DIR] TARGET   copy the payload (from /) into a volume, and check it\n"
        "  run [FLAGS] -- CMD...         run CMD as a guarded container's first process\n"
        "    --exe FILE                  execute FILE, with CMD as its arguments\n"
        "    --pid1=WHO                  who is PID 1: farguard, program, or auto (by CMD's name)\n"
        "  run --restart -- CMD...       run CMD, again and again until it ends with 0\n"
        "  version                       say which version this is\n"
        "\n"
        "run ends as CMD does: with its status, by its signal (128 + signal as PID 1), 127 when\n"
        "there is no such program, 126 when it cannot be executed.  A usage error is 2.\n";

static int put(const char *text)
{
	size_t len = strlen(text);

	return write(STDOUT_FILENO, text, len) == (ssize_t)len ? 0 : 1;
}

static int command_version(char **args)
{
	(void)args;
	return put("farguard " FARGUARD_VERSION "\n");
}

static int command_help(char **args)
{
	(void)args;
	return put(usage);
}

/* The arguments from `first` on, as far as they lie one behind the other: as execve(2) left them.
 */
static struct estate_title title_of(char **first)
{
	struct estate_title title = {*first, 0};

	for (; *first && *first == title.at + title.bytes; first++)
		title.bytes += strlen(*first) + 1;
	return title;
}

static int command_run(char **args)
{
	struct run_options options;
	struct err err;

	if (args[0] && strcmp(args[0], "--help") == 0)
		return put(usage);
	if (options_parse(&options, args, &err) < 0) {
		say(err.text, NULL);
		return EXIT_USAGE;
	}
	options.title = title_of(args - 2);
	return options.restart ? run_restarting(&options) : run_program(&options);
}

static int command_install(char **args)
{
	struct install_options options;
	char line[INSTALL_LINE_MAX];
	struct err err;

	if (args[0] && strcmp(args[0], "--help") == 0)
		return put(usage);
	if (install_parse(&options, args, &err) < 0) {
		say(err.text, NULL);
		return EXIT_USAGE;
	}
	if (install_payload(&options, line, &err) < 0) {
		say(err.text, NULL);
		install_last_words("/dev/termination-log", err.text);
		return 1;
	}
	return put(line);
}

static const struct {
	const char *name;
	int (*run)(char **args);
} commands[] = {
        {"install", command_install},   {"run", command_run},     {"version", command_version},
        {"--version", command_version}, {"--help", command_help}, {"help", command_help},
};

int main(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argv + 2);
	if (argc > 1)
		say(argv[1], ": no such command; there are install, run and version", NULL);
	else
		say("no command; there are install, run and version (see --help)", NULL);
	return EXIT_USAGE;
}
