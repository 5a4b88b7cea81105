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

#include "injector/base/contract.h"
#include "injector/base/own.h"
#include "injector/launch/note.h"

/* A ring takes some thousand records: while it is written down, it is looked at this often. */
#define SPOOL_EVERY_MS 50

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t now_ms(void)
{
	return now_ns() / 1000000;
}

void loop_forward(pid_t program, const struct signalfd_siginfo *info)
{
	union sigval value = {.sival_ptr = (void *)(uintptr_t)info->ssi_ptr};

	if (info->ssi_signo == SIGCHLD)
		return;
	if (info->ssi_code == SI_KERNEL && getpgid(program) == getpgrp())
		return;
	if (info->ssi_code == SI_QUEUE)
		sigqueue(program, (int)info->ssi_signo, value);
	else
		kill(program, (int)info->ssi_signo);
}

/* Reap what has ended; true with the program's status when it is among them. */
static bool reap(struct loop *loop, int *out_status)
{
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		note_exit(loop->host->ring.shared, pid, status);
		if (pid == loop->program) {
			*out_status = status;
			ended = true;
		}
	}
	return ended;
}

static void take_signals(struct loop *loop)
{
	struct signalfd_siginfo info;

	while (read(loop->signals, &info, sizeof(info)) == sizeof(info))
		loop_forward(loop->program, &info);
}

static int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

static int turn(struct loop *loop, int limit_ms)
{
	struct pollfd polled[] = {{loop->signals, POLLIN, 0},
	                          {loop->host->listener, POLLIN, 0},
	                          {loop->link.sock, POLLIN, 0}};
	int wait = limit_ms;

	if (!loop->host->joined) {
		agentlink_try(&loop->link, now_ms());
		polled[2].fd = loop->link.sock;
		wait = sooner(wait, agentlink_wait(&loop->link, now_ms()));
	}
	if (loop->spool.file >= 0 && loop->link.reached)
		spool_drop(&loop->spool);
	if (loop->spool.file >= 0)
		wait = sooner(wait, SPOOL_EVERY_MS);
	if (poll(polled, 3, wait) < 0)
		return errno == EINTR ? 0 : -errno;
	if (polled[1].revents)
		host_serve(loop->host);
	if (polled[2].revents)
		agentlink_lost(&loop->link, now_ms());
	spool_drain(&loop->spool, &loop->host->ring, now_ns());
	return polled[0].revents != 0;
}

int loop_run(struct loop *loop)
{
	int status = 0;

	for (;;) {
		if (turn(loop, -1) < 0) {
			/* Not even poll(2) is left: wait, which is what matters. */
			while (waitpid(loop->program, &status, 0) < 0 && errno == EINTR)
				;
			return status;
		}
		take_signals(loop);
		if (reap(loop, &status))
			return status;
	}
}

void loop_finish(struct loop *loop, int wait_status)
{
	uint64_t end = now_ms() + LOOP_LINGER_MS;

	if (loop->host->joined)
		return;
	if (loop->spool.file >= 0) {
		spool_drain(&loop->spool, &loop->host->ring, now_ns());
		spool_finish(&loop->spool);
		return;
	}
	while (!loop->link.reached && getenv(CONTRACT_ENV_CONTAINER) && now_ms() < end)
		if (turn(loop, (int)(end - now_ms())) < 0)
			break;
	agentlink_end(&loop->link, wait_status);
}
