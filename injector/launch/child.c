/* child.c - fork, restore, exec; a pipe tells whether the exec succeeded.
 *
 * The runtime makes a container's first process the leader of a session that owns the terminal.  We
 * are that leader; the program shall be it.  So the terminal is released here and taken by the
 * child in a session of its own, as if we were not there: job control, ^C and ^Z go past us.
 */
#include "injector/launch/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <termios.h>
#include <unistd.h>

#include "injector/base/own.h"
#include "injector/launch/fds.h"
#include "injector/launch/signals.h"

/* Forget a pending signal: to ignore it does that, though it is blocked (sigaction(2)). */
static void discard(int number)
{
	signal(number, signal(number, SIG_IGN));
}

/* Let go of our terminal; returns its descriptor, or -1 when we have none. */
static int release_terminal(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (tcgetsid(fd) != getpid())
			continue;
		if (ioctl(fd, TIOCNOTTY) < 0)
			return -1;
		/* The foreground group, which is ours, gets them for it (tty_ioctl(4)). */
		discard(SIGHUP);
		discard(SIGCONT);
		return fd;
	}
	return -1;
}

/* In the child: never returns. */
static void __attribute__((noreturn))
execute(const struct child_start *start, bool leader, bool ignored, int terminal, int report)
{
	int error;

	if (leader)
		setsid();
	if (terminal >= 0)
		ioctl(terminal, TIOCSCTTY, 0);
	if (start->tied)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (start->reaper)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (ignored)
		signal(SIGCHLD, SIG_IGN);
	if (start->note)
		start->note(start, false);
	signals_restore(&start->mask);
	execve(start->file, start->argv, start->envp);
	error = errno;
	if (error == E2BIG && start->envp_plain) {
		execve(start->file, start->argv, start->envp_plain);
		error = errno;
	}
	if (start->note)
		start->note(start, true);
	if (write(report, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

pid_t child_start(const struct child_start *start, int *out_exec_error)
{
	int pipes[2] = {-1, -1}, error = 0;
	bool leader = getsid(0) == getpid();
	ssize_t n;
	pid_t pid;

	*out_exec_error = 0;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	CLEANUP(fd_closep) int from = fd_high(pipes[0]);
	CLEANUP(fd_closep) int to = fd_high(pipes[1]);
	if (from < 0 || to < 0)
		return -EMFILE;
	int terminal = leader ? release_terminal() : -1;
	/* Where it is ignored, nobody could wait for a child. */
	bool ignored = signal(SIGCHLD, SIG_DFL) == SIG_IGN;
	pid = fork();
	if (pid == 0)
		execute(start, leader, ignored, terminal, to);
	if (pid < 0) {
		int saved = errno;

		if (terminal >= 0)
			ioctl(terminal, TIOCSCTTY, 0);
		if (ignored)
			signal(SIGCHLD, SIG_IGN);
		return -saved;
	}
	fd_closep(&to);
	do
		n = read(from, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(error))
		return pid;
	*out_exec_error = error;
	return 0;
}
