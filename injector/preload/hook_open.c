/* hook_open.c - files opened for writing, or made.
 *
 * A read is none of our business: it goes straight to the next definition.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/types.h>

#include "injector/preload/hook.h"

#define WRITES      (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)
#define CREATE_MODE 0666 /* of fopen(3), before the umask */

typedef int open_fn(const char *path, int flags, ...);
typedef int openat_fn(int dirfd, const char *path, int flags, ...);
typedef int open_2_fn(const char *path, int flags);
typedef int openat_2_fn(int dirfd, const char *path, int flags);
typedef int creat_fn(const char *path, mode_t mode);
typedef void *fopen_fn(const char *path, const char *mode);
typedef void *freopen_fn(const char *path, const char *mode, void *stream);

/* Declared here: <stdio.h> and the fortify headers turn some of the names into macros. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags);
int __openat64_2(int dirfd, const char *path, int flags);
void *fopen(const char *path, const char *mode);
void *fopen64(const char *path, const char *mode);
void *freopen(const char *path, const char *mode, void *stream);
void *freopen64(const char *path, const char *mode, void *stream);

static bool has_mode(int flags)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

static int report(int dirfd, const char *path, int flags, mode_t mode, int result)
{
	if (flags & WRITES)
		emit_open(dirfd, path, flags, mode, result >= 0 ? result : hook_error());
	return result;
}

static int open_next(struct symbol *symbol, const char *path, int flags, mode_t mode)
{
	open_fn *next = (open_fn *)symbol_next(symbol);
	int result = next ? next(path, flags, mode)
	                  : hook_result(SYS4(openat, AT_FDCWD, path, flags, mode));

	return report(AT_FDCWD, path, flags, mode, result);
}

static int openat_next(struct symbol *symbol, int dirfd, const char *path, int flags, mode_t mode)
{
	openat_fn *next = (openat_fn *)symbol_next(symbol);
	int result = next ? next(dirfd, path, flags, mode)
	                  : hook_result(SYS4(openat, dirfd, path, flags, mode));

	return report(dirfd, path, flags, mode, result);
}

/* The mode stands in the arguments only where the flags ask for one. */
#define MODE_ARGUMENT(flags, mode)                                                                 \
	do {                                                                                       \
		if (has_mode(flags)) {                                                             \
			va_list args;                                                              \
                                                                                                   \
			va_start(args, flags);                                                     \
			mode = va_arg(args, mode_t);                                               \
			va_end(args);                                                              \
		}                                                                                  \
	} while (0)

static struct symbol symbol_open = {.name = "open"};
static struct symbol symbol_open64 = {.name = "open64"};
static struct symbol symbol_openat = {.name = "openat"};
static struct symbol symbol_openat64 = {.name = "openat64"};

HOOK int open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_ARGUMENT(flags, mode);
	return open_next(&symbol_open, path, flags, mode);
}

HOOK int open64(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_ARGUMENT(flags, mode);
	return open_next(&symbol_open64, path, flags, mode);
}

HOOK int openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_ARGUMENT(flags, mode);
	return openat_next(&symbol_openat, dirfd, path, flags, mode);
}

HOOK int openat64(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_ARGUMENT(flags, mode);
	return openat_next(&symbol_openat64, dirfd, path, flags, mode);
}

/* glibc's checked entries (-D_FORTIFY_SOURCE): they abort when a mode is missing. */
HOOK int __open_2(const char *path, int flags)
{
	static struct symbol symbol = {.name = "__open_2"};
	open_2_fn *next = (open_2_fn *)symbol_next(&symbol);

	if (!next)
		return open_next(&symbol_open, path, flags, 0);
	return report(AT_FDCWD, path, flags, 0, next(path, flags));
}

HOOK int __open64_2(const char *path, int flags)
{
	static struct symbol symbol = {.name = "__open64_2"};
	open_2_fn *next = (open_2_fn *)symbol_next(&symbol);

	if (!next)
		return open_next(&symbol_open64, path, flags, 0);
	return report(AT_FDCWD, path, flags, 0, next(path, flags));
}

HOOK int __openat_2(int dirfd, const char *path, int flags)
{
	static struct symbol symbol = {.name = "__openat_2"};
	openat_2_fn *next = (openat_2_fn *)symbol_next(&symbol);

	if (!next)
		return openat_next(&symbol_openat, dirfd, path, flags, 0);
	return report(dirfd, path, flags, 0, next(dirfd, path, flags));
}

HOOK int __openat64_2(int dirfd, const char *path, int flags)
{
	static struct symbol symbol = {.name = "__openat64_2"};
	openat_2_fn *next = (openat_2_fn *)symbol_next(&symbol);

	if (!next)
		return openat_next(&symbol_openat64, dirfd, path, flags, 0);
	return report(dirfd, path, flags, 0, next(dirfd, path, flags));
}

static int creat_next(struct symbol *symbol, const char *path, mode_t mode)
{
	const int flags = O_CREAT | O_WRONLY | O_TRUNC;
	creat_fn *next = (creat_fn *)symbol_next(symbol);
	int result =
	        next ? next(path, mode) : hook_result(SYS4(openat, AT_FDCWD, path, flags, mode));

	return report(AT_FDCWD, path, flags, mode, result);
}

HOOK int creat(const char *path, mode_t mode)
{
	static struct symbol symbol = {.name = "creat"};

	return creat_next(&symbol, path, mode);
}

HOOK int creat64(const char *path, mode_t mode)
{
	static struct symbol symbol = {.name = "creat64"};

	return creat_next(&symbol, path, mode);
}

/* fopen(3)'s mode as flags of open(2); 0 when it only reads, or is none. */
static int stream_flags(const char *mode)
{
	int flags = mode[0] == 'w' ? O_CREAT | O_TRUNC : mode[0] == 'a' ? O_CREAT | O_APPEND : 0;
	int i;

	if (mode[0] != 'r' && mode[0] != 'w' && mode[0] != 'a')
		return 0;
	for (i = 1; mode[i] && mode[i] != ','; i++) {
		if (mode[i] == '+')
			return flags | O_RDWR;
	}
	return mode[0] == 'r' ? 0 : flags | O_WRONLY;
}

/* A stream's descriptor is the C library's secret: success is said as 0. */
static void *report_stream(const char *path, const char *mode, void *stream)
{
	int flags = stream_flags(mode);

	if (flags & WRITES)
		emit_open(AT_FDCWD, path, flags, CREATE_MODE, stream ? 0 : hook_error());
	return stream;
}

static void *fopen_next(struct symbol *symbol, const char *path, const char *mode)
{
	fopen_fn *next = (fopen_fn *)symbol_next(symbol);

	if (!next)
		return hook_result(-ENOSYS), NULL;
	return report_stream(path, mode, next(path, mode));
}

HOOK void *fopen(const char *path, const char *mode)
{
	static struct symbol symbol = {.name = "fopen"};

	return fopen_next(&symbol, path, mode);
}

HOOK void *fopen64(const char *path, const char *mode)
{
	static struct symbol symbol = {.name = "fopen64"};

	return fopen_next(&symbol, path, mode);
}

static void *freopen_next(struct symbol *symbol, const char *path, const char *mode, void *stream)
{
	freopen_fn *next = (freopen_fn *)symbol_next(symbol);

	if (!next)
		return hook_result(-ENOSYS), NULL;
	stream = next(path, mode, stream);
	/* Without a path it only changes the mode of what is open. */
	return path ? report_stream(path, mode, stream) : stream;
}

HOOK void *freopen(const char *path, const char *mode, void *stream)
{
	static struct symbol symbol = {.name = "freopen"};

	return freopen_next(&symbol, path, mode, stream);
}

HOOK void *freopen64(const char *path, const char *mode, void *stream)
{
	static struct symbol symbol = {.name = "freopen64"};

	return freopen_next(&symbol, path, mode, stream);
}
