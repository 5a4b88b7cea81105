/* pid1.c - the known ones; the list is as short as it can be, for whoever is PID 1 has nobody who
 * hears its end. */
#include "injector/launch/pid1.h"

#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "injector/base/own.h"

#define HEAD_BYTES 1024 /* of a script, that are looked at */

struct known {
	const char *name;   /* a path, or what a path ends with */
	const char *within; /* words that the file begins with somewhere, or NULL */
	enum pid1_need need;
};

/* Behind the launcher stay, because they do the same there: s6-svscan, runsvdir, dumb-init,
 * my_init, supervisord, and catatonit, which makes itself a subreaper. */
static const struct known known[] = {
        /* s6-overlay: "s6-overlay-suexec: fatal: can only run as pid 1" */
        {"/init", "s6-", PID1_NEEDS_FIRST},
        {"s6-overlay-suexec", NULL, PID1_NEEDS_FIRST},
        /* takes itself for telinit(8) otherwise */
        {"s6-linux-init", NULL, PID1_NEEDS_FIRST},
        /* sysvinit, upstart and links to others: telinit(8) otherwise */
        {"/sbin/init", NULL, PID1_NEEDS_FIRST},
        {"/usr/sbin/init", NULL, PID1_NEEDS_FIRST},
        {"/bin/init", NULL, PID1_NEEDS_FIRST},
        {"/usr/bin/init", NULL, PID1_NEEDS_FIRST},
        /* "Trying to run as user instance, but the system has not been booted with systemd" */
        {"systemd", NULL, PID1_NEEDS_FIRST},
        /* "must be run as process 1" */
        {"openrc-init", NULL, PID1_NEEDS_FIRST},
        /* "must be run as process no 1." */
        {"runit", NULL, PID1_NEEDS_FIRST},
        {"runit-init", NULL, PID1_NEEDS_FIRST},
        /* clients of the running init otherwise */
        {"finit", NULL, PID1_NEEDS_FIRST},
        {"dinit", NULL, PID1_NEEDS_FIRST},
        /* docker-systemctl-replacement: starts the enabled services only as PID 1 */
        {"systemctl", NULL, PID1_NEEDS_FIRST},
        /* "Tini is not running as PID 1 and isn't registered as a child subreaper" */
        {"tini", NULL, PID1_NEEDS_ORPHANS},
        {"tini-static", NULL, PID1_NEEDS_ORPHANS},
        {"docker-init", NULL, PID1_NEEDS_ORPHANS},
};

/* Shells and the like, which may do no more than execute what their arguments name. */
static const char *const shells[] = {"sh", "bash", "dash", "ash", "execlineb"};

bool pid1_parse(enum pid1_choice *out, const char *word)
{
	static const char *const words[] = {
	        [PID1_AUTO] = "auto", [PID1_FARGUARD] = "farguard", [PID1_PROGRAM] = "program"};
	size_t i;

	*out = PID1_AUTO;
	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(word, words[i]) != 0)
			continue;
		*out = (enum pid1_choice)i;
		return true;
	}
	return false;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The beginning of a file, up to its first NUL; "" when it cannot be read. */
static void read_head(const char *path, char out[HEAD_BYTES])
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : read(fd, out, HEAD_BYTES - 1);

	out[n > 0 ? n : 0] = '\0';
}

static enum pid1_need need_of(const char *path)
{
	char head[HEAD_BYTES];
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		const char *name = known[i].name;

		if (strcmp(name[0] == '/' ? path : base_of(path), name) != 0)
			continue;
		if (!known[i].within)
			return known[i].need;
		read_head(path, head);
		if (strstr(head, known[i].within))
			return known[i].need;
	}
	return PID1_NEEDS_NOTHING;
}

/* busybox(1): "must be run as PID 1"; which of it a link is, its name says. */
static bool is_busybox_init(const char *real, char *const *argv)
{
	if (strcmp(base_of(real), "busybox") != 0)
		return false;
	return strcmp(base_of(argv[0]), "init") == 0 || (strcmp(base_of(argv[0]), "busybox") == 0 &&
	                                                 argv[1] && strcmp(argv[1], "init") == 0);
}

static bool is_shell(const char *path)
{
	size_t i;

	for (i = 0; i < sizeof(shells) / sizeof(*shells); i++)
		if (strcmp(base_of(path), shells[i]) == 0)
			return true;
	return false;
}

/* "exec /init", as the only command of `sh -c`. */
static bool executes_first(const char *command)
{
	char path[PATH_MAX];
	size_t len;

	if (strncmp(command, "exec /", 6) != 0)
		return false;
	len = strcspn(command + 5, " \t\n;&|");
	if (len >= sizeof(path))
		return false;
	memcpy(path, command + 5, len);
	path[len] = '\0';
	return need_of(path) == PID1_NEEDS_FIRST;
}

enum pid1_need pid1_need(const char *file, char *const *argv)
{
	char real[PATH_MAX], head[HEAD_BYTES];
	enum pid1_need need = need_of(file);
	size_t i;

	if (!realpath(file, real))
		return need;
	if (need == PID1_NEEDS_NOTHING)
		need = need_of(real);
	if (need == PID1_NEEDS_NOTHING && is_busybox_init(real, argv))
		need = PID1_NEEDS_FIRST;
	if (need != PID1_NEEDS_NOTHING)
		return need;
	read_head(file, head);
	if (!is_shell(file) && !is_shell(real) && !is_shell(argv[0]) && strncmp(head, "#!", 2) != 0)
		return need;
	/* A script is its shell's argument where the library found it running; an image's
	 * entrypoint is often a script that executes its arguments. */
	for (i = 1; argv[0] && argv[i]; i++)
		if ((argv[i][0] == '/' && need_of(argv[i]) == PID1_NEEDS_FIRST) ||
		    executes_first(argv[i]))
			return PID1_NEEDS_FIRST;
	return need;
}

bool pid1_is_program(enum pid1_choice choice, enum pid1_need need, bool has_children)
{
	if (choice == PID1_AUTO)
		return need == PID1_NEEDS_FIRST || has_children;
	return choice == PID1_PROGRAM;
}
