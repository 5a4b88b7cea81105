/* loop.c - one ppoll(2), no timers but the agent's and the spool's. */
#include "injector/launch/loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "injector/base/clock.h"
#include "injector/base/contract.h"
#include "injector/launch/note.h"
#include "injector/launch/signals.h"

/* A ring takes some thousand records: while it may have to be written down, it is looked at this
 * often. */
#define SPOOL_EVERY_MS 50
#define DEAF_MS        100

/* ^Z in a shell stops the whole job, and we are part of it: the shell waits for us.  What stopped
 * the program alone would leave us stopped when it goes on. */
static void stop_with(const struct loop *loop, pid_t pid, int number)
{
	if (pid == loop->program && (number == SIGTSTP || number == SIGTTIN || number == SIGTTOU) &&
	    getpgid(pid) == getpgrp())
		kill(getpid(), SIGSTOP);
}

/* Reap what has ended; true with the program's status when it is among them. */
static bool reap(struct loop *loop, int *out_status)
{
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | (loop->stops ? WUNTRACED : 0))) > 0) {
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

static void take_signals(struct loop *loop)
{
	struct signalfd_siginfo info;

	while (read(loop->signals, &info, sizeof(info)) == sizeof(info)) {
		loop->told |= tells_to_end(&info);
		signals_forward(loop->program, &info);
	}
}

/* The program has ended: its number may be another's by now, so nothing is passed on. */
static bool is_told_now(struct loop *loop)
{
	struct signalfd_siginfo info;
	bool told = false;

	while (read(loop->signals, &info, sizeof(info)) == sizeof(info))
		told |= tells_to_end(&info);
	return told;
}

/* Half full: the rest must last for SPOOL_EVERY_MS. */
static bool ring_is_filling(struct ring_shared *ring)
{
	return atomic_load(&ring->write_pos) - atomic_load(&ring->read_pos) > RING_SLOT_COUNT / 2;
}

static int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

/* The agent, if it is there now; until then the spool has what does not fit into the ring. */
static int attend_agent(struct loop *loop, int wait)
{
	if (loop->host->joined)
		return wait;
	agentlink_try(&loop->link, clock_ms());
	if (loop->link.reached)
		spool_finish(&loop->spool);
	if (loop->spool.file >= 0) {
		if (ring_is_filling(loop->host->ring.shared))
			spool_drain(&loop->spool, &loop->host->ring, clock_ns(CLOCK_MONOTONIC));
		wait = sooner(wait, SPOOL_EVERY_MS);
	}
	return sooner(wait, agentlink_wait(&loop->link, clock_ms()));
}

/* Wait for something to happen, `limit_ms` at most (-1: without end), and see to all of it but the
 * signals.  Returns 0 or -errno. */
static int turn(struct loop *loop, int limit_ms)
{
	struct pollfd polled[] = {{loop->signals, POLLIN, 0}, {-1, POLLIN, 0}, {-1, POLLIN, 0}};
	int wait = attend_agent(loop, limit_ms);

	polled[2].fd = loop->link.sock;
	if (loop->deaf_until_ms <= clock_ms())
		polled[1].fd = loop->host->listener;
	else
		wait = sooner(wait, DEAF_MS);
	if (poll(polled, 3, wait) < 0)
		return errno == EINTR ? 0 : -errno;
	if (polled[1].revents && !host_serve(loop->host))
		loop->deaf_until_ms = clock_ms() + DEAF_MS;
	if (polled[2].revents)
		agentlink_lost(&loop->link, clock_ms());
	return 0;
}

/* Not even poll(2) is left, for want of descriptors (its limit is theirs): the program's signals
 * and its end are what matters. */
static int wait_only(struct loop *loop)
{
	struct signalfd_siginfo info;
	int status = 0;

	while (!reap(loop, &status))
		if (signals_wait(&info, -1))
			signals_forward(loop->program, &info);
	return status;
}

int loop_run(struct loop *loop)
{
	int status = 0;

	for (;;) {
		if (turn(loop, -1) < 0)
			return wait_only(loop);
		take_signals(loop);
		if (reap(loop, &status))
			return status;
	}
}

void loop_finish(struct loop *loop, int wait_status)
{
	uint64_t end = clock_ms() + (loop->told ? LOOP_LINGER_TOLD_MS : LOOP_LINGER_MS);

	if (loop->host->joined)
		return;
	if (loop->spool.file >= 0 && !loop->link.reached) {
		spool_drain(&loop->spool, &loop->host->ring, clock_ns(CLOCK_MONOTONIC));
		spool_finish(&loop->spool);
		return;
	}
	spool_finish(&loop->spool);
	/* Outside a pod there is no agent to wait for. */
	while (!loop->link.reached && getenv(CONTRACT_ENV_CONTAINER)) {
		uint64_t now = clock_ms();

		if (now >= end || turn(loop, (int)(end - now)) < 0 || is_told_now(loop))
			break;
	}
	agentlink_end(&loop->link, wait_status);
}
