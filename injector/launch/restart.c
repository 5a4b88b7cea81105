/* restart.c - the agent's container: a crash of the agent must not take the pod out of service. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "injector/base/contract.h"
#include "injector/launch/backoff.h"
#include "injector/launch/loop.h"
#include "injector/launch/program.h"
#include "injector/launch/run.h"
#include "injector/launch/say.h"

#define STATE_BYTES 4096

extern char **environ;

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A page that every worker inherits, so that its successor goes on counting; its descriptor's
 * number is said in the environment.  Without it the worker counts from 1 again. */
static void keep_state(char variable[64])
{
	int fd = fd_high(memfd_create("farguard-state", MFD_ALLOW_SEALING));

	variable[0] = '\0';
	if (fd < 0 || ftruncate(fd, STATE_BYTES) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0 ||
	    fcntl(fd, F_SETFD, 0) < 0)
		return;
	snprintf(variable, 64, "%s=%d", CONTRACT_ENV_STATE_FD, fd);
}

struct worker {
	int signals;
	pid_t pid;   /* 0 while none runs */
	bool ending; /* somebody told us to end */
	uint64_t began_ms;
};

static int start(struct worker *worker, const char *file, const struct run_options *options,
                 char *const *envp, const sigset_t *mask)
{
	pid_t pid = fork();

	if (pid == 0) {
		sigprocmask(SIG_SETMASK, mask, NULL);
		execve(file, options->argv, envp);
		say("run: ", file, ": ", strerror(errno), NULL);
		_exit(RUN_EXIT_CANNOT_EXECUTE);
	}
	if (pid < 0)
		return -errno;
	worker->pid = pid;
	worker->began_ms = now_ms();
	return 0;
}

/* Wait `wait_ms` (-1: without end) for a signal; forwards, notes whether we are to end. */
static void wait_signal(struct worker *worker, int wait_ms)
{
	struct pollfd polled = {worker->signals, POLLIN, 0};
	struct signalfd_siginfo info;

	if (poll(&polled, 1, wait_ms) <= 0)
		return;
	while (read(worker->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT ||
		    info.ssi_signo == SIGQUIT)
			worker->ending = true;
		if (worker->pid > 0)
			loop_forward(worker->pid, &info);
	}
}

/* Reap; true when the worker has ended, with its status. */
static bool reap(struct worker *worker, int *out_status)
{
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == worker->pid) {
			worker->pid = 0;
			*out_status = status;
			ended = true;
		}
	}
	return ended;
}

static void report(const char *file, int status, unsigned wait_ms)
{
	char how[64], wait[16];

	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "was killed by signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(status));
	snprintf(wait, sizeof(wait), "%u", wait_ms);
	say("run: ", file, " ", how, "; starting it again in ", wait, " ms", NULL);
}

int run_restarting(const struct run_options *options)
{
	struct worker worker = {0};
	struct backoff backoff = {0};
	char file[PROGRAM_PATH_MAX], variable[64];
	sigset_t all, mask;
	char **envp;
	int status = 0;

	if (program_look_up(options->argv[0], getenv("PATH"), file) < 0) {
		say("run: ", options->argv[0], ": no such program in this container", NULL);
		return RUN_EXIT_NOT_FOUND;
	}
	keep_state(variable);
	envp = program_environment(environ, false, variable[0] ? variable : NULL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &mask);
	worker.signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	while (!worker.ending) {
		unsigned wait_ms;

		if (start(&worker, file, options, envp ? envp : environ, &mask) == 0) {
			while (!reap(&worker, &status))
				wait_signal(&worker, -1);
			if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
				break;
		}
		if (worker.ending)
			break;
		wait_ms = backoff_next(&backoff, now_ms() - worker.began_ms);
		report(file, status, wait_ms);
		wait_signal(&worker, (int)wait_ms);
	}
	free(envp);
	return 0;
}
