/* program.h - which file a name without a slash means. */
#ifndef FARGUARD_PRELOAD_PROGRAM_H
#define FARGUARD_PRELOAD_PROGRAM_H

#define PROGRAM_PATH_MAX 512

/* As execvp(3) looks for it in PATH: the first executable file, written into `buf`.  Returns `buf`,
 * or `file` itself where it has a slash, is a bad pointer, or is not found. */
const char *program_find(const char *file, char buf[PROGRAM_PATH_MAX]);

/* The process's environment as it is now; never NULL. */
char *const *program_environ(void);

#endif
