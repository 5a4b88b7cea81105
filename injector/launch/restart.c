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

/* Looked at so often, and taken to hang after so many looks that found it where it was.  The
 * agent works at least once a second; told to end, ten times. */
#define WATCH_MS         5000u
#define WATCH_LOOKS      3u
#define WATCH_TOLD_MS    100u
#define WATCH_TOLD_LOOKS 5u
/* So many more are started after SIGTERM, to go on where one that was killed left off. */
#define TOLD_STARTS_MAX 3u

static const enum restart_action action[RESTART_STATES][RESTART_EVENTS] = {
        [RESTART_RUNNING] = {[RESTART_DONE] = RESTART_END,
                             [RESTART_FAILED] = RESTART_WAIT,
                             [RESTART_KILLED] = RESTART_WAIT,
                             [RESTART_STUCK] = RESTART_KILL,
                             [RESTART_TOLD] = RESTART_LINGER,
                             [RESTART_DUE] = RESTART_NOTHING},
        [RESTART_WAITING] = {[RESTART_DONE] = RESTART_NOTHING,
                             [RESTART_FAILED] = RESTART_WAIT,
                             [RESTART_KILLED] = RESTART_WAIT,
                             [RESTART_STUCK] = RESTART_NOTHING,
                             [RESTART_TOLD] = RESTART_START_TOLD,
                             [RESTART_DUE] = RESTART_START},
        [RESTART_ENDING] = {[RESTART_DONE] = RESTART_END,
                            [RESTART_FAILED] = RESTART_END,
                            [RESTART_KILLED] = RESTART_START_TOLD,
                            [RESTART_STUCK] = RESTART_KILL,
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
	pid_t pid;                 /* 0 while none runs */
	int state_fd;              /* -1: without one */
	int why;                   /* wait status to report instead of our own SIGKILL's; 0: none */
	uint32_t beat, first_beat; /* as last looked at, and when it was started */
	unsigned quiet, told_starts;
	uint64_t began_ms, due_ms, look_ms;
};

/* What every worker inherits, so that its successor goes on where it was: a memory file, and a pipe
 * for what is just being written.  Their numbers are said in the environment.  Without them
 * the worker counts from 1 again.  Returns the memory, or -1. */
static int keep_state(char variable[64])
{
	int fd = fd_high(memfd_create("farguard-state", MFD_ALLOW_SEALING)), ends[2] = {-1, -1};

	variable[0] = '\0';
	if (fd >= 0 && pipe2(ends, O_NONBLOCK) == 0) {
		ends[0] = fd_high(ends[0]);
		ends[1] = fd_high(ends[1]);
	}
	if (ends[0] < 0 || ends[1] < 0 || ftruncate(fd, CONTRACT_STATE_BYTES) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0 ||
	    fcntl(fd, F_SETFD, 0) < 0 || fcntl(ends[0], F_SETFD, 0) < 0 ||
	    fcntl(ends[1], F_SETFD, 0) < 0) {
		fd_closep(&ends[0]);
		fd_closep(&ends[1]);
		fd_closep(&fd);
	} else {
		snprintf(variable, 64, "%s=%d,%d,%d", CONTRACT_ENV_STATE_FD, fd, ends[0], ends[1]);
	}
	return fd;
}

/* In the child: leave SIGTERM waiting for it, so that it is told whenever it comes to look. */
static void tell_first(const struct worker *worker)
{
	struct signals_mask mask = worker->mask;

	mask.bits |= 1ull << (SIGTERM - 1);
	signals_restore(&mask);
	kill(getpid(), SIGTERM);
}

/* What the worker counts up; 0 of one that never did: another program, or no memory for it. */
static uint32_t beat_of(const struct worker *worker)
{
	uint32_t beat = 0;

	if (worker->state_fd < 0 ||
	    pread(worker->state_fd, &beat, sizeof(beat), CONTRACT_STATE_BEAT_AT) != sizeof(beat))
		return 0;
	return beat;
}

/* In the child: where memory runs short, of the two it is the one to go (proc(5)). */
static void go_first(void)
{
	static const char most[] = "1000";
	CLEANUP(fd_closep) int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, most, sizeof(most) - 1) < 0)
		return; /* then the larger one goes, and that is the child too */
}

static int start(struct worker *worker)
{
	pid_t pid;

	worker->first_beat = beat_of(worker);
	pid = fork();

	if (pid == 0) {
		go_first();
		if (worker->state == RESTART_ENDING)
			tell_first(worker);
		else
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
	worker->quiet = 0;
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
	case RESTART_START_TOLD:
		worker->state = RESTART_ENDING;
		return ++worker->told_starts <= TOLD_STARTS_MAX && start(worker) == 0;
	case RESTART_WAIT:
		put_off(worker);
		break;
	case RESTART_KILL:
		if (worker->pid > 0)
			kill(worker->pid, SIGKILL);
		worker->quiet = 0;
		break;
	case RESTART_LINGER:
		worker->state = RESTART_ENDING;
		worker->look_ms = 0;
		break;
	case RESTART_END:
		return false;
	}
	return true;
}

/* The log is the agent's: its successor says there how this one ended. */
static void report(struct worker *worker, int status)
{
	int32_t said = worker->why ? worker->why : status;
	char how[64];

	worker->why = 0;
	if (worker->state_fd >= 0 &&
	    pwrite(worker->state_fd, &said, sizeof(said), CONTRACT_STATE_ENDED_AT) == sizeof(said))
		return;
	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "was killed by signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(status));
	say("run: ", worker->file, " ", how, NULL);
}

/* What the end of a worker is.  One that was told to end may take the signal as it comes; an agent
 * that went on from another and died of it before it could look has left that one's log open. */
static enum restart_event ended(const struct worker *worker, int status)
{
	bool told = worker->state == RESTART_ENDING && !worker->why;
	int number = WTERMSIG(status);

	if (WIFEXITED(status))
		return WEXITSTATUS(status) == 0 ? RESTART_DONE : RESTART_FAILED;
	if (!told || (number != SIGTERM && number != SIGINT && number != SIGQUIT))
		return RESTART_KILLED;
	return worker->first_beat && beat_of(worker) == worker->first_beat ? RESTART_KILLED
	                                                                   : RESTART_DONE;
}

/* Reap everything; returns what that means for the worker, or -1. */
static int reap(struct worker *worker)
{
	int status, event = -1;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid != worker->pid)
			continue;
		if (WIFSTOPPED(status)) {
			worker->why = status;
			return RESTART_STUCK;
		}
		worker->pid = 0;
		event = (int)ended(worker, status);
		if (event != RESTART_DONE)
			report(worker, status);
	}
	return event;
}

/* Whether the worker has stood still for so long that it hangs.  One that never worked is another
 * program, which does not know how to show it. */
static bool hangs(struct worker *worker, uint64_t now)
{
	bool told = worker->state == RESTART_ENDING;
	uint32_t beat;

	if (worker->pid == 0 || now < worker->look_ms)
		return false;
	worker->look_ms = now + (told ? WATCH_TOLD_MS : WATCH_MS);
	beat = beat_of(worker);
	if (beat == 0)
		return false;
	worker->quiet = beat == worker->beat ? worker->quiet + 1 : 0;
	worker->beat = beat;
	if (worker->quiet < (told ? WATCH_TOLD_LOOKS : WATCH_LOOKS))
		return false;
	worker->why = CONTRACT_STATE_HUNG;
	return true;
}

/* Milliseconds until there is something to do. */
static int next_ms(const struct worker *worker)
{
	uint64_t now = clock_ms();
	uint64_t at = worker->state == RESTART_WAITING ? worker->due_ms : worker->look_ms;

	return at > now ? (int)(at - now) : 0;
}

/* Wait for a signal, the next start or the next look; false when it is time to end. */
static bool turn(struct worker *worker)
{
	struct signalfd_siginfo info;
	int event;

	if (signals_wait(&info, next_ms(worker))) {
		if (worker->pid > 0)
			signals_pass(worker->pid, &info);
		if ((info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT ||
		     info.ssi_signo == SIGQUIT) &&
		    !act(worker, RESTART_TOLD))
			return false;
	}
	event = reap(worker);
	if (event >= 0 && !act(worker, (enum restart_event)event))
		return false;
	if (hangs(worker, clock_ms()) && !act(worker, RESTART_STUCK))
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
