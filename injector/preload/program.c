/* program.c - look a program up in PATH, as the C library is about to do. */
#include "injector/preload/program.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "injector/preload/sys.h"
#include "injector/preload/text.h"

/* confstr(_CS_PATH), where there is no PATH. */
#define DEFAULT_PATH "/bin:/usr/bin"
#define NAME_CUT     256 /* NAME_MAX and a NUL */

extern char **hook_environ __asm__("environ") __attribute__((weak));

char *const *program_environ(void)
{
	static char *const empty[1];

	return &hook_environ && hook_environ ? hook_environ : empty;
}

static const char *path_variable(void)
{
	char *const *env;

	for (env = program_environ(); *env; env++)
		if (text_starts(*env, "PATH="))
			return *env + 5;
	return DEFAULT_PATH;
}

static bool has_slash(const char *s)
{
	while (*s && *s != '/')
		s++;
	return *s == '/';
}

/* "DIR/FILE" for the first entry of `*path`, which moves on; an empty entry is the working
 * directory.  False when it does not fit. */
static bool join_entry(const char **path, const char *file, char buf[PROGRAM_PATH_MAX])
{
	size_t len = 0;
	bool fits;

	for (; **path && **path != ':'; (*path)++)
		if (len + 2 < PROGRAM_PATH_MAX)
			buf[len++] = **path;
	fits = len + 2 < PROGRAM_PATH_MAX;
	buf[len] = '\0';
	len = text_append(buf, len, PROGRAM_PATH_MAX, len ? "/" : "./");
	len = text_append(buf, len, PROGRAM_PATH_MAX, file);
	return fits && len < PROGRAM_PATH_MAX;
}

const char *program_find(const char *file, char buf[PROGRAM_PATH_MAX])
{
	struct text_probe probe = {0};
	long len = text_probe_len(&probe, file, NAME_CUT);
	const char *path;

	if (len <= 0 || len >= NAME_CUT || has_slash(file))
		return file;
	for (path = path_variable();; path++) {
		if (join_entry(&path, file, buf) && SYS3(faccessat, AT_FDCWD, buf, X_OK) == 0)
			return buf;
		if (*path != ':')
			return file;
	}
}
