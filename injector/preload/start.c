/* start.c - what the library does when a program begins: wrap it, or say that it runs.
 *
 * The first process of a container, of an exec session or of a probe has a parent outside its PID
 * namespace, which getppid(2) shows as 0.  Such a program is executed again behind the launcher,
 * with the same arguments and environment, unless the launcher itself gave it up (FARGUARD_BARE).
 */
#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "injector/base/contract.h"
#include "injector/event/record.h"
#include "injector/preload/channel.h"
#include "injector/preload/emit.h"
#include "injector/preload/identity.h"
#include "injector/preload/stack.h"
#include "injector/preload/sys.h"
#include "injector/preload/text.h"

#define EXE_MAX 4096

/* The file that this process executes; false when it has none that could be executed again. */
static bool read_exe(char exe[EXE_MAX])
{
	long n = SYS4(readlinkat, AT_FDCWD, "/proc/self/exe", exe, EXE_MAX - 1);

	if (n <= 0 || n >= EXE_MAX - 1 || exe[0] != '/')
		return false;
	exe[n] = '\0';
	return true;
}

static bool has_variable(char *const *envp, const char *name)
{
	size_t len = text_len(name);

	for (; *envp; envp++)
		if (text_starts(*envp, name) && (*envp)[len] == '=')
			return true;
	return false;
}

/* Whether `path` is the file that this process executes. */
static bool is_own(const char *path)
{
	struct stat named, own;

	return SYS4(newfstatat, AT_FDCWD, path, &named, 0) == 0 &&
	       SYS4(newfstatat, AT_FDCWD, "/proc/self/exe", &own, 0) == 0 &&
	       named.st_ino == own.st_ino && named.st_dev == own.st_dev;
}

static bool is_script(const char *path)
{
	char head[2] = "";
	long fd = SYS4(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);

	if (sys_is_error(fd))
		return false;
	SYS3(read, fd, head, sizeof(head));
	SYS1(close, fd);
	return head[0] == '#' && head[1] == '!';
}

/* What was executed, so that it can be once more: a link keeps its name, and so does a script, of
 * which the kernel made "INTERPRETER [ARG] SCRIPT ARG..." (execve(2)). */
static const char *executed(const char *exe, struct stack *stack)
{
	const char *name = (const char *)stack_auxv(AT_EXECFN);
	const char *at = name;
	size_t i;

	while (at && *at && *at != '/')
		at++;
	if (!at || !*at)
		return exe;
	if (is_own(name))
		return name;
	for (i = 1; i < stack->argc && !text_same(stack->argv[i], name); i++)
		;
	if (i >= stack->argc || !is_script(name))
		return exe;
	stack->argv += i;
	stack->argc -= i;
	return name;
}

/* farguard run --exe FILE --self-wrap -- ARGV...; returns only when that cannot be done. */
static void wrap(const char *exe, struct stack stack)
{
	static const char *const head[] = {
	        "farguard", "run", "--exe", NULL, /* the file */ "--self-wrap", "--"};
	const size_t head_count = sizeof(head) / sizeof(*head);
	const char *file = executed(exe, &stack);
	size_t bytes = (head_count + stack.argc + 1) * sizeof(char *), i;
	long map = SYS6(mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const char **argv = (const char **)map;

	if (sys_is_error(map))
		return;
	for (i = 0; i < head_count; i++)
		argv[i] = head[i] ? head[i] : file;
	for (i = 0; i < stack.argc; i++)
		argv[head_count + i] = stack.argv[i];
	argv[head_count + stack.argc] = NULL;
	SYS3(execve, CONTRACT_PROGRAM, argv, stack.envp);
	SYS2(munmap, map, bytes);
}

/* Whether this is a container's first program, to be started again behind the launcher. */
static bool should_wrap(const struct stack *stack, enum channel_state state)
{
	return SYS0(getppid) == 0 && stack->argc > 0 &&
	       state != CHANNEL_FOREIGN && /* first of a PID namespace that the program made */
	       state != CHANNEL_OWN &&     /* wrapped already, and PID 1 all the same */
	       !has_variable(stack->envp, CONTRACT_ENV_BARE) && !stack_auxv(AT_SECURE) &&
	       stack_auxv(AT_BASE) != 0 && /* 0: the loader itself was executed, with the program */
	       !is_own(CONTRACT_PROGRAM);  /* not static, it would wrap itself without end */
}

__attribute__((constructor)) static void start(void)
{
	struct stack stack = {0};
	char exe[EXE_MAX] = "";
	bool known = stack_find(&stack), has_exe = read_exe(exe);
	enum channel_state state = channel_open();
	struct emit_exec done = {.kind = RECORD_EXEC_DONE, .dirfd = AT_FDCWD, .path = exe};

	if (known && has_exe && should_wrap(&stack, state))
		wrap(exe, stack);
	identity_start();
	done.argv = stack.argv;
	emit_exec(&done);
}
