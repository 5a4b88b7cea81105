/* keeper.c - fork, and fork again. */
#include "injector/launch/keeper.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "injector/base/clock.h"
#include "injector/launch/host.h"
#include "injector/launch/worker.h"

/* While there is no worker, those who ask for the ring wait this long; they give up after 200 ms.
 */
#define STAND_IN_MS 10

static void put_off(struct keeper *keeper)
{
	uint64_t now = clock_ms();

	keeper->due_ms = now + backoff_next(&keeper->backoff, now - keeper->began_ms);
}

int keeper_start(struct keeper *keeper)
{
	pid_t first = getpid(), pid;

	if (keeper->started)
		atomic_fetch_add(&keeper->estate->page->restarts, 1);
	keeper->began_ms = clock_ms();
	pid = fork();
	if (pid == 0)
		worker_run(keeper->estate, first);
	if (pid < 0) {
		int err = -errno;

		put_off(keeper);
		return err;
	}
	keeper->started = true;
	keeper->worker = pid;
	return 0;
}

void keeper_turn(struct keeper *keeper)
{
	if (!keeper->estate || keeper->worker)
		return;
	if (clock_ms() >= keeper->due_ms && keeper_start(keeper) == 0)
		return;
	(void)host_serve(keeper->estate->host);
}

int keeper_wait(const struct keeper *keeper)
{
	return !keeper->estate || keeper->worker ? -1 : STAND_IN_MS;
}

bool keeper_heard(struct keeper *keeper, pid_t pid, int wait_status)
{
	bool lasted;

	if (!keeper->worker || pid != keeper->worker)
		return false;
	if (WIFSTOPPED(wait_status)) {
		/* It is as good as dead, and nobody else shall let it go on. */
		kill(pid, SIGKILL);
		return true;
	}
	keeper->worker = 0;
	keeper->done = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
	lasted = clock_ms() - keeper->began_ms >= BACKOFF_HEALTHY_MS;
	if (lasted || atomic_load(&keeper->estate->page->restarts) == 0) {
		keeper->backoff.ms = 0;
		keeper->due_ms = 0;
	} else {
		put_off(keeper);
	}
	return true;
}
