/* loop.c - one rt_sigtimedwait(2): it needs no descriptor, and nobody can take it away. */
#include "injector/launch/loop.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "injector/base/clock.h"
#include "injector/base/contract.h"
#include "injector/launch/note.h"
#include "injector/launch/signals.h"
#include "injector/launch/worker.h"

/* Workers that may die while they say the end. */
#define LAST_WORKERS_MAX 3

/* ^Z in a shell stops the whole job, and we are part of it: the shell waits for us.  What stopped
 * the program alone would leave us stopped when it goes on. */
static void stop_with(const struct loop *loop, pid_t pid, int number)
{
	if (loop->stops && pid == loop->program &&
	    (number == SIGTSTP || number == SIGTTIN || number == SIGTTOU) &&
	    getpgid(pid) == getpgrp())
		kill(getpid(), SIGSTOP);
}

/* Reap what has ended; true with the program's status when it is among them. */
static bool reap(struct loop *loop, int *out_status)
{
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (keeper_heard(&loop->keeper, pid, status))
			continue;
		if (WIFSTOPPED(status)) {
			stop_with(loop, pid, WSTOPSIG(status));
			continue;
		}
		note_exit(loop->host->ring.shared, pid, status);
		if (pid == loop->program) {
			*out_status = status;
			ended = true;
		}
	}
	return ended;
}

static bool tells_to_end(const struct signalfd_siginfo *info)
{
	return info->ssi_signo == SIGTERM || info->ssi_signo == SIGINT ||
	       info->ssi_signo == SIGQUIT || info->ssi_signo == SIGHUP;
}

int loop_run(struct loop *loop)
{
	struct signalfd_siginfo info;
	int status = 0;

	loop->began_ms = clock_ms();
	while (!reap(loop, &status)) {
		keeper_turn(&loop->keeper);
		if (!signals_wait(&info, keeper_wait(&loop->keeper)))
			continue;
		loop->told |= tells_to_end(&info);
		signals_forward(loop->program, &info);
	}
	return status;
}

/* How long the worker may take from now on. */
static unsigned patience_ms(const struct loop *loop, const struct estate_page *page)
{
	uint64_t lived_ms = clock_ms() - loop->began_ms;
	unsigned left_ms = lived_ms < LOOP_LINGER_MS ? LOOP_LINGER_MS - (unsigned)lived_ms : 0;

	/* Outside a pod there is no agent to wait for. */
	if (atomic_load(&page->reached) || page->spool.file >= 0 || !getenv(CONTRACT_ENV_CONTAINER))
		return 0;
	return loop->told && left_ms > LOOP_LINGER_TOLD_MS ? LOOP_LINGER_TOLD_MS : left_ms;
}

/* The program has ended: its number may be another's by now, so nothing is passed on.  Returns
 * whether the wait is over for who waited. */
static bool is_told_now(int wait_ms)
{
	struct signalfd_siginfo info;

	return signals_wait(&info, wait_ms) && tells_to_end(&info);
}

/* Without us the container would be over, and what the program left behind with it
 * (pid_namespaces(7)); a wait for the agent must not give that time to go on. */
static void end_the_rest(struct keeper *keeper)
{
	if (getpid() != 1)
		return;
	kill(-1, SIGKILL);
	keeper->started = false; /* the next worker is no restart */
}

void loop_finish(struct loop *loop, int wait_status)
{
	struct keeper *keeper = &loop->keeper;
	struct estate *estate = keeper->estate;
	unsigned tries = 0, patience;
	uint64_t end_ms, now;
	int status;

	if (!estate)
		return;
	patience = patience_ms(loop, estate->page);
	if (patience)
		end_the_rest(keeper);
	now = clock_ms();
	end_ms = now + patience;
	estate->page->wait_status = wait_status;
	atomic_store(&estate->page->told, loop->told ? ESTATE_TOLD : 0);
	atomic_store(&estate->page->last_ms, end_ms);
	estate_wake(estate);
	for (end_ms += LOOP_SAY_MS; !keeper->done && now < end_ms; now = clock_ms()) {
		if (!keeper->worker && (tries++ == LAST_WORKERS_MAX || keeper_start(keeper) < 0))
			break;
		if (is_told_now((int)(end_ms - now))) {
			atomic_store(&estate->page->told, ESTATE_TOLD_NOW);
			estate_wake(estate);
			/* Told over and over, it is not put off. */
			if (end_ms > clock_ms() + LOOP_SAY_MS)
				end_ms = clock_ms() + LOOP_SAY_MS;
		}
		(void)reap(loop, &status);
	}
	if (!keeper->done && keeper->worker)
		kill(keeper->worker, SIGKILL);
	if (!keeper->done)
		worker_finish_here(estate);
}
