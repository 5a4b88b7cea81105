/* hook_spawn.c - posix_spawn: the child's pid is known only when it runs already.
 *
 * A dynamically linked program says itself that it runs; this is for the others.  The record
 * carries the time from before the call, so that the reader can tell that it is the older one.
 */
#include <fcntl.h>
#include <spawn.h>

#include "injector/event/record.h"
#include "injector/preload/hook.h"
#include "injector/preload/program.h"

typedef int spawn_fn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                     const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]);

static void announce(pid_t pid, const char *path, char *const argv[], uint64_t time_ns)
{
	struct emit_exec exec = {.kind = RECORD_EXEC_TRY,
	                         .flags = RECORD_SPAWNED,
	                         .pid = pid,
	                         .time_ns = time_ns,
	                         .dirfd = AT_FDCWD,
	                         .path = path,
	                         .argv = argv};

	emit_exec(&exec);
}

HOOK int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                     const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	static struct symbol symbol = {.name = "posix_spawn"};
	spawn_fn *next = (spawn_fn *)symbol_next(&symbol);
	uint64_t before = channel_ring() ? emit_now() : 0;
	pid_t child = 0;
	int result;

	if (!next)
		return ENOSYS;
	result = next(&child, path, actions, attributes, argv, envp);
	if (result == 0) {
		if (pid)
			*pid = child;
		announce(child, path, argv, before);
	}
	return result;
}

HOOK int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                      const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	static struct symbol symbol = {.name = "posix_spawnp"};
	spawn_fn *next = (spawn_fn *)symbol_next(&symbol);
	uint64_t before = channel_ring() ? emit_now() : 0;
	char buf[PROGRAM_PATH_MAX];
	pid_t child = 0;
	int result;

	if (!next)
		return ENOSYS;
	result = next(&child, file, actions, attributes, argv, envp);
	if (result == 0) {
		if (pid)
			*pid = child;
		announce(child, program_find(file, buf), argv, before);
	}
	return result;
}
