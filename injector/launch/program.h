/* program.h - which file runs, and with which environment. */
#ifndef FARGUARD_LAUNCH_PROGRAM_H
#define FARGUARD_LAUNCH_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#define PROGRAM_PATH_MAX 4096

/* As the container runtime looks it up (Go's exec.LookPath): a name with a slash is a path, any
 * other is searched in `path` ("/bin:/usr/bin", NULL is a runtime's default).  Returns 0 with the
 * file in `out`; -ENOENT, or what is wrong with a path. */
int program_look_up(const char *name, const char *path, char out[PROGRAM_PATH_MAX]);

/* Whether the loader needs LD_PRELOAD to load our library: `preload_file` (the text of
 * /etc/ld.so.preload, or "") does not name it, or the container has musl's loader. */
bool program_needs_preload(const char *preload_file, bool has_musl);

/* program_needs_preload() for this container's files. */
bool program_needs_preload_here(void);

/* `envp` with our library behind what each LD_PRELOAD has (of several, glibc takes the last and
 * musl the first), in its place, or in one at the end; and with `extra` ("NAME=VALUE") at the end
 * unless NULL.  The strings of `envp` are shared.  Returns a block that the caller frees, or NULL
 * without memory. */
char **program_environment(char *const *envp, bool preload, const char *extra);

#endif
