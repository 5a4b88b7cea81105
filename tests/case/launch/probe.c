/* probe.c - a program that says how it was started, or does one thing that a launcher must bear.
 *
 *	probe state             all that a process inherits, one "name value" a line
 *	probe die SIGNAL        die of it
 *	probe heard             answer each signal with its number; SIGTERM ends it with 7
 *	probe asked             answer each signal with all that its siginfo has; SIGTERM ends it
 *with 7 probe wait SIGNAL       sigwait(3) for it, unblocked otherwise, ready or not; end with 6
 *	probe quit              end with 5
 *	probe eat               take memory until none is left
 *	probe with NAME=VALUE MODE...     the mode, with a variable more
 *	probe long BYTES CMD... execute CMD with so many bytes of arguments; end with errno
 *	probe string LENGTH CMD...        the same with one argument of that length
 *	probe storm COUNT       leave COUNT orphans behind, wait until they have ended
 *	probe daemon FILE       a grandchild of its own session writes its parent to FILE, later
 *	probe stay              close all output, then wait for a signal
 *	probe terminal          what the terminal says, then each signal until SIGQUIT
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

extern char **environ;

static void hex(const char *name, const char *text)
{
	printf("%s ", name);
	for (; *text; text++)
		printf("%02x", (unsigned char)*text);
	printf("\n");
}

static void descriptors(void)
{
	struct stat st;
	int fd;

	for (fd = 0; fd < 256; fd++)
		if (fstat(fd, &st) == 0)
			printf("fd %d mode %o dev %lx flags %x %x\n", fd, st.st_mode,
			       (unsigned long)st.st_rdev, fcntl(fd, F_GETFD), fcntl(fd, F_GETFL));
}

static void limits(void)
{
	struct rlimit r;
	int i;

	for (i = 0; i < RLIM_NLIMITS; i++)
		if (getrlimit((__rlimit_resource_t)i, &r) == 0)
			printf("rlimit %d %llx %llx\n", i, (unsigned long long)r.rlim_cur,
			       (unsigned long long)r.rlim_max);
}

static void signals(void)
{
	unsigned long long mask = 0;
	int i;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, sizeof(mask));
	printf("blocked %llx\n", mask);
	for (i = 1; i < 65; i++) {
		struct {
			void *handler;
			unsigned long flags;
			void *restorer;
			unsigned long long set;
		} action = {0};

		if (syscall(SYS_rt_sigaction, i, NULL, &action, 8) == 0 && action.handler)
			printf("signal %d %p %lx\n", i, action.handler, action.flags);
	}
}

static int state(char **argv)
{
	char cwd[4096];
	int value = 0;
	mode_t mask = umask(0);
	char **p;

	for (p = argv; *p; p++)
		hex("arg", *p);
	for (p = environ; *p; p++)
		hex("env", *p);
	descriptors();
	limits();
	signals();
	printf("umask %o nice %d cwd %s\n", mask, getpriority(PRIO_PROCESS, 0),
	       getcwd(cwd, sizeof(cwd)) ? cwd : "-");
	printf("leader %d %d\n", getsid(0) == getpid(), getpgrp() == getpid());
	prctl(PR_GET_CHILD_SUBREAPER, &value, 0, 0, 0);
	printf("subreaper %d no_new_privs %d dumpable %d name ", value,
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	prctl(PR_GET_NAME, cwd, 0, 0, 0);
	printf("%s\n", cwd);
	return 0;
}

static void die(int number)
{
	/* libc refuses its own two, which it ignores in what it spawns: make(1) gives them to us
	 * so. */
	struct {
		void (*handler)(int);
		unsigned long flags, restorer, mask;
	} standard = {SIG_DFL, 0, 0, 0};
	unsigned long long none = 0;

	syscall(SYS_rt_sigaction, number, &standard, NULL, sizeof(none));
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
	syscall(SYS_kill, getpid(), number);
	for (;;)
		pause();
}

static void say(const char *word, long value)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "%s %ld\n", word, value);

	if (write(STDOUT_FILENO, line, (size_t)n) < 0)
		_exit(1);
}

static void heard(int end, int end_status)
{
	unsigned long long all = ~0ull;
	siginfo_t info;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof(all));
	say("ready", getpid());
	for (;;) {
		long number = syscall(SYS_rt_sigtimedwait, &all, &info, NULL, sizeof(all));

		if (number < 0)
			continue;
		say(info.si_code == SI_QUEUE ? "queued" : "heard",
		    info.si_code == SI_QUEUE ? info.si_value.sival_int : number);
		if (number == end)
			exit(end_status);
	}
}

static void asked(void)
{
	unsigned long long all = ~0ull;
	siginfo_t info;
	long number = 0;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof(all));
	say("ready", getpid());
	while (number != SIGTERM) {
		char line[128];
		int n;

		number = syscall(SYS_rt_sigtimedwait, &all, &info, NULL, sizeof(all));
		n = snprintf(line, sizeof(line), "%ld code %d pid %d uid %u value %lx\n", number,
		             info.si_code, info.si_pid, info.si_uid,
		             info.si_code < 0 ? (unsigned long)info.si_value.sival_ptr : 0);
		if (number > 0 && write(STDOUT_FILENO, line, (size_t)n) < 0)
			_exit(1);
	}
	exit(7);
}

/* What rt_sigtimedwait(2) waits for is not blocked meanwhile, for whoever looks. */
static void wait_for(int number)
{
	unsigned long long mask = 1ull << (number - 1);

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
	say("ready", getpid());
	syscall(SYS_rt_sigtimedwait, &mask, NULL, NULL, sizeof(mask));
	exit(6);
}

static int eat(void)
{
	const size_t size = 1 << 20;

	for (;;) {
		char *more = malloc(size);

		if (more)
			memset(more, 1, size);
	}
}

/* Strings of at most 100,000 bytes and their pointers, `bytes` in all, behind what `argv` has. */
static int execute_long(size_t bytes, char **argv, int argc, size_t longest)
{
	size_t count = bytes / longest + 2, i;
	char **all = calloc((size_t)argc + count + 1, sizeof(*all));

	if (!all)
		return 1;
	memcpy(all, argv, (size_t)argc * sizeof(*all));
	for (i = 0; bytes > 0; i++) {
		size_t len = bytes < longest ? bytes : longest;

		all[(size_t)argc + i] = calloc(1, len + 1);
		memset(all[(size_t)argc + i], 'a', len);
		bytes -= len;
	}
	execv(argv[0], all);
	return errno;
}

static int storm(int count)
{
	int i, ends[2];
	char byte;

	if (pipe(ends) < 0)
		return 1;
	for (i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			if (fork() == 0)
				_exit(i & 127);
			_exit(0);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
	close(ends[1]);
	return read(ends[0], &byte, 1) == 0 ? 0 : 1;
}

static int daemonize(const char *file)
{
	if (fork() > 0)
		return 0;
	setsid();
	if (fork() > 0)
		_exit(0);
	usleep(300000);
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0)
		dprintf(fd, "%d", getppid());
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "with") && argc > 3) {
		putenv(argv[2]);
		argv[2] = argv[0];
		return main(argc - 2, argv + 2);
	}
	if (!strcmp(what, "quit"))
		return 5;
	if (!strcmp(what, "eat"))
		return eat();
	if (!strcmp(what, "long") && argc > 3)
		return execute_long(strtoul(argv[2], NULL, 10), argv + 3, argc - 3, 100000);
	if (!strcmp(what, "string") && argc > 3)
		return execute_long(strtoul(argv[2], NULL, 10), argv + 3, argc - 3, 1 << 20);

	if (!strcmp(what, "die") && argc > 2)
		die((int)strtol(argv[2], NULL, 10));
	if (!strcmp(what, "heard"))
		heard(SIGTERM, 7);
	if (!strcmp(what, "asked"))
		asked();
	if (!strcmp(what, "wait") && argc > 2)
		wait_for((int)strtol(argv[2], NULL, 10));
	if (!strcmp(what, "storm") && argc > 2)
		return storm((int)strtol(argv[2], NULL, 10));
	if (!strcmp(what, "daemon") && argc > 2)
		return daemonize(argv[2]);
	if (!strcmp(what, "stay")) {
		int fd;

		for (fd = 0; fd < 64; fd++)
			close(fd);
		for (;;)
			pause();
	}
	if (!strcmp(what, "terminal")) {
		say("foreground", tcgetpgrp(0) == getpgrp());
		say("leader", getsid(0) == getpid());
		say("session", tcgetsid(0) == getpid());
		heard(SIGQUIT, 9);
	}
	return state(argv);
}
