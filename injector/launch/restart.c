/* restart.c - the first process of the agent's container.  It needs no descriptor but one for the
 * state, and no memory but its stack: it outlives whatever ends the agent. */
#include "injector/launch/restart.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "injector/base/clock.h"
#include "injector/base/contract.h"
#include "injector/base/own.h"
#include "injector/launch/backoff.h"
#include "injector/launch/fds.h"
#include "injector/launch/program.h"
#include "injector/launch/run.h"
#include "injector/launch/say.h"
#include "injector/launch/signals.h"

extern char **environ;

static const enum restart_action action[RESTART_STATES][RESTART_EVENTS] = {
        [RESTART_RUNNING] = {[RESTART_DONE] = RESTART_END,
                             [RESTART_FAILED] = RESTART_WAIT,
                             [RESTART_TOLD] = RESTART_LINGER,
                             [RESTART_DUE] = RESTART_NOTHING},
        [RESTART_WAITING] = {[RESTART_DONE] = RESTART_NOTHING,
                             [RESTART_FAILED] = RESTART_WAIT,
                             [RESTART_TOLD] = RESTART_END,
                             [RESTART_DUE] = RESTART_START},
        [RESTART_ENDING] = {[RESTART_DONE] = RESTART_END,
                            [RESTART_FAILED] = RESTART_END,
                            [RESTART_TOLD] = RESTART_NOTHING,
                            [RESTART_DUE] = RESTART_NOTHING},
};

enum restart_action restart_act(enum restart_state state, enum restart_event event)
{
	assert(state < RESTART_STATES);
	assert(event < RESTART_EVENTS);
	return action[state][event];
}

struct worker {
	const char *file;
	char *const *argv, *const *envp;
	struct signals_mask mask;
	struct backoff backoff;
	enum restart_state state;
	pid_t pid;    /* 0 while none runs */
	int state_fd; /* -1: without one */
	uint64_t began_ms, due_ms;
};

/* A page that every worker inherits, so that its successor goes on counting; its descriptor's
 * number is said in the environment.  Without it the worker counts from 1 again.  Returns it, or
 * -1. */
static int keep_state(char variable[64])
{
	int fd = fd_high(memfd_create("farguard-state", MFD_ALLOW_SEALING));

	variable[0] = '\0';
	if (fd < 0)
		return -1;
	if (ftruncate(fd, CONTRACT_STATE_BYTES) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0 ||
	    fcntl(fd, F_SETFD, 0) < 0)
		fd_closep(&fd);
	else
		snprintf(variable, 64, "%s=%d", CONTRACT_ENV_STATE_FD, fd);
	return fd;
}

static int start(struct worker *worker)
{
	pid_t pid = fork();

	if (pid == 0) {
		signals_restore(&worker->mask);
		execve(worker->file, worker->argv, worker->envp);
		say("run: ", worker->file, ": ", strerror(errno), NULL);
		_exit(RUN_EXIT_CANNOT_EXECUTE);
	}
	if (pid < 0) {
		say("run: ", worker->file, ": fork: ", strerror(errno), NULL);
		return -EAGAIN;
	}
	worker->pid = pid;
	return 0;
}

static void put_off(struct worker *worker)
{
	uint64_t now = clock_ms();

	worker->state = RESTART_WAITING;
	worker->due_ms = now + backoff_next(&worker->backoff, now - worker->began_ms);
}

/* Do what `event` asks for; false when that is to end. */
static bool act(struct worker *worker, enum restart_event event)
{
	switch (restart_act(worker->state, event)) {
	case RESTART_NOTHING:
		break;
	case RESTART_START:
		worker->state = RESTART_RUNNING;
		worker->began_ms = clock_ms();
		if (start(worker) < 0)
			put_off(worker);
		break;
	case RESTART_WAIT:
		put_off(worker);
		break;
	case RESTART_LINGER:
		worker->state = RESTART_ENDING;
		break;
	case RESTART_END:
		return false;
	}
	return true;
}

/* The log is the agent's: its successor says there how this one ended. */
static void report(const struct worker *worker, int status)
{
	char how[64];

	static_assert(sizeof(status) == CONTRACT_STATE_ENDED_BYTES, "its place in the page");
	if (worker->state_fd >= 0 &&
	    pwrite(worker->state_fd, &status, sizeof(status),
	           CONTRACT_STATE_BYTES - CONTRACT_STATE_ENDED_BYTES) == sizeof(status))
		return;
	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "was killed by signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(status));
	say("run: ", worker->file, " ", how, NULL);
}

/* Reap everything; returns what that means for the worker, or -1. */
static int reap(struct worker *worker)
{
	int status, event = -1;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != worker->pid)
			continue;
		worker->pid = 0;
		event = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? RESTART_DONE
		                                                      : RESTART_FAILED;
		if (event == RESTART_FAILED && worker->state == RESTART_RUNNING)
			report(worker, status);
	}
	return event;
}

/* Wait for a signal or for the next start; false when it is time to end. */
static bool turn(struct worker *worker)
{
	struct signalfd_siginfo info;
	uint64_t now = clock_ms();
	int wait = -1, event;

	if (worker->state == RESTART_WAITING)
		wait = worker->due_ms > now ? (int)(worker->due_ms - now) : 0;
	if (signals_wait(&info, wait)) {
		if (worker->pid > 0)
			signals_forward(worker->pid, &info);
		if ((info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT ||
		     info.ssi_signo == SIGQUIT) &&
		    !act(worker, RESTART_TOLD))
			return false;
	}
	event = reap(worker);
	if (event >= 0 && !act(worker, (enum restart_event)event))
		return false;
	return worker->state != RESTART_WAITING || clock_ms() < worker->due_ms ||
	       act(worker, RESTART_DUE);
}

int run_restarting(const struct run_options *options)
{
	char file[PROGRAM_PATH_MAX], variable[64];
	struct worker worker = {.file = file, .argv = options->argv, .state = RESTART_WAITING};
	char **envp;

	if (program_look_up(options->argv[0], getenv("PATH"), file) < 0) {
		say("run: ", options->argv[0], ": cannot be executed in this container", NULL);
		return 0; /* without an agent the pod runs as it would without us */
	}
	worker.state_fd = keep_state(variable);
	envp = program_environment(environ, false, variable[0] ? variable : NULL);
	worker.envp = envp ? envp : environ;
	signal(SIGCHLD, SIG_DFL);
	signals_block(&worker.mask);
	while (turn(&worker))
		;
	free(envp);
	return 0;
}
