/* hook_exec.c - the exec family: said before the call, for a success never returns; taken back
 * after a failure. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "injector/event/record.h"
#include "injector/preload/hook.h"
#include "injector/preload/program.h"

typedef int execve_fn(const char *path, char *const argv[], char *const envp[]);
typedef int execv_fn(const char *path, char *const argv[]);
typedef int fexecve_fn(int fd, char *const argv[], char *const envp[]);
typedef int execveat_fn(int dirfd, const char *path, char *const argv[], char *const envp[],
                        int flags);

static struct symbol symbol_execve = {.name = "execve"};
static struct symbol symbol_execvp = {.name = "execvp"};

/* Not inlined: a hook's caller may stand on a small stack, and pays for this one only. */
__attribute__((noinline)) static void announce(int dirfd, const char *path, char *const argv[])
{
	struct emit_exec exec = {
	        .kind = RECORD_EXEC_TRY, .dirfd = dirfd, .path = path, .argv = argv};

	emit_exec(&exec);
}

__attribute__((noinline)) static void announce_in_path(const char *file, char *const argv[])
{
	char buf[PROGRAM_PATH_MAX];

	if (channel_ring())
		announce(AT_FDCWD, program_find(file, buf), argv);
}

/* An exec that returns has failed. */
static int failed(int result)
{
	emit_exec_failed(hook_error());
	return result;
}

static int execve_next(const char *path, char *const argv[], char *const envp[])
{
	execve_fn *next = (execve_fn *)symbol_next(&symbol_execve);

	announce(AT_FDCWD, path, argv);
	return failed(next ? next(path, argv, envp) : hook_result(SYS3(execve, path, argv, envp)));
}

static int execvp_next(const char *file, char *const argv[])
{
	execv_fn *next = (execv_fn *)symbol_next(&symbol_execvp);

	announce_in_path(file, argv);
	if (next)
		return failed(next(file, argv));
	return failed(hook_result(SYS3(execve, file, argv, program_environ())));
}

HOOK int execve(const char *path, char *const argv[], char *const envp[])
{
	return execve_next(path, argv, envp);
}

HOOK int execv(const char *path, char *const argv[])
{
	static struct symbol symbol = {.name = "execv"};
	execv_fn *next = (execv_fn *)symbol_next(&symbol);

	if (!next)
		return execve_next(path, argv, program_environ());
	announce(AT_FDCWD, path, argv);
	return failed(next(path, argv));
}

HOOK int execvp(const char *file, char *const argv[])
{
	return execvp_next(file, argv);
}

HOOK int execvpe(const char *file, char *const argv[], char *const envp[])
{
	static struct symbol symbol = {.name = "execvpe"};
	execve_fn *next = (execve_fn *)symbol_next(&symbol);

	announce_in_path(file, argv);
	return failed(next ? next(file, argv, envp) : hook_result(SYS3(execve, file, argv, envp)));
}

HOOK int fexecve(int fd, char *const argv[], char *const envp[])
{
	static struct symbol symbol = {.name = "fexecve"};
	fexecve_fn *next = (fexecve_fn *)symbol_next(&symbol);

	announce(fd, "", argv);
	return failed(next ? next(fd, argv, envp)
	                   : hook_result(SYS5(execveat, fd, "", argv, envp, AT_EMPTY_PATH)));
}

HOOK int execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags)
{
	static struct symbol symbol = {.name = "execveat"};
	execveat_fn *next = (execveat_fn *)symbol_next(&symbol);

	announce(dirfd, path, argv);
	return failed(next ? next(dirfd, path, argv, envp, flags)
	                   : hook_result(SYS5(execveat, dirfd, path, argv, envp, flags)));
}

/* --- execl, execlp, execle: the same with the arguments one by one ------------ */

/* More arguments than this need a mapping of their own; nobody writes so many by hand. */
#define LISTED_MAX 64

struct listed {
	char **argv;
	size_t count;  /* without the NULL */
	char **mapped; /* to unmap after a failure */
	char *room[LISTED_MAX + 1];
};

/* Count, with `first`, up to the NULL. */
static size_t count_listed(const char *first, va_list args)
{
	size_t count = 0;

	for (; first; first = va_arg(args, const char *))
		count++;
	return count;
}

static size_t listed_bytes(const struct listed *listed)
{
	return (listed->count + 1) * sizeof(*listed->argv);
}

/* Collect `count` arguments and their NULL; -ENOMEM as execl(3) would. */
static int listed_take(struct listed *listed, size_t count, const char *first, va_list *args)
{
	size_t i;

	listed->count = count;
	listed->argv = listed->room;
	listed->mapped = NULL;
	if (count > LISTED_MAX) {
		long map = SYS6(mmap, 0, listed_bytes(listed), PROT_READ | PROT_WRITE,
		                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (sys_is_error(map))
			return (int)map;
		listed->argv = listed->mapped = (char **)map;
	}
	for (i = 0; i < count; i++, first = va_arg(*args, const char *))
		listed->argv[i] = (char *)(uintptr_t)first;
	listed->argv[count] = NULL;
	return 0;
}

static void listed_drop(struct listed *listed)
{
	if (listed->mapped)
		SYS2(munmap, listed->mapped, listed_bytes(listed));
}

typedef int run_fn(const char *path, char *const argv[], char *const envp[]);

static int run_in_path(const char *file, char *const argv[], char *const envp[])
{
	(void)envp;
	return execvp_next(file, argv);
}

/* `args` stand behind `first`; with `has_env` the environment follows their NULL. */
static int exec_listed(run_fn *run, const char *path, const char *first, va_list *args,
                       bool has_env)
{
	struct listed listed;
	char *const *envp = program_environ();
	va_list again;
	int result;

	va_copy(again, *args);
	result = listed_take(&listed, count_listed(first, again), first, args);
	va_end(again);
	if (result < 0)
		return hook_result(result);
	if (has_env)
		envp = va_arg(*args, char *const *);
	result = run(path, listed.argv, envp);
	listed_drop(&listed);
	return result;
}

HOOK int execl(const char *path, const char *arg, ...)
{
	va_list args;
	int result;

	va_start(args, arg);
	result = exec_listed(execve_next, path, arg, &args, false);
	va_end(args);
	return result;
}

HOOK int execlp(const char *file, const char *arg, ...)
{
	va_list args;
	int result;

	va_start(args, arg);
	result = exec_listed(run_in_path, file, arg, &args, false);
	va_end(args);
	return result;
}

HOOK int execle(const char *path, const char *arg, ...)
{
	va_list args;
	int result;

	va_start(args, arg);
	result = exec_listed(execve_next, path, arg, &args, true);
	va_end(args);
	return result;
}
