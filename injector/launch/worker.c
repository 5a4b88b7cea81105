/* worker.c - one poll(2), no timers but the agent's and the spool's. */
#include "injector/launch/worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "injector/base/clock.h"
#include "injector/base/contract.h"
#include "injector/launch/agentlink.h"
#include "injector/launch/host.h"
#include "injector/launch/spool.h"

/* A ring takes some thousand records: while it may have to be written down, it is looked at this
 * often. */
#define SPOOL_EVERY_MS 50
#define DEAF_MS        100
#define NAME_EVERY_MS  200
/* An agent that was killed is replaced after 100 ms; the first process has more patience. */
#define LOST_MS 250

struct worker {
	struct estate *estate;
	struct agentlink link;
	uint64_t deaf_until_ms; /* the ring socket rests: no descriptor was free to answer it */
};

/* Not to be traced, read or mistaken for the program; gone when the first process is. */
static void detach(const struct estate *estate, pid_t first)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != first)
		_exit(1);
	setsid();
	estate_let_go(estate);
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NAME, WORKER_NAME);
	estate_bear(estate, "farguard worker");
}

static void take_over(struct worker *worker, struct estate *estate)
{
	struct hello hello = estate->hello;

	hello.restarts = atomic_load(&estate->page->restarts);
	*worker = (struct worker){.estate = estate};
	spool_resume(&estate->page->spool, &estate->host->ring);
	agentlink_start(&worker->link, &hello, estate->host->ring_fd, &estate->locker);
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
static int attend_agent(struct worker *worker, int wait)
{
	struct estate_page *page = worker->estate->page;
	struct ring *ring = &worker->estate->host->ring;

	agentlink_try(&worker->link, clock_ms());
	if (worker->link.reached) {
		atomic_store(&page->reached, 1);
		spool_finish(&page->spool, &worker->link.hello, 0);
	}
	if (page->spool.file >= 0) {
		/* Beside PID 1 there is no end to wait for. */
		if (ring_is_filling(ring->shared) || worker->link.hello.flags & HELLO_BESIDE)
			spool_drain(&page->spool, ring, clock_ns(CLOCK_MONOTONIC));
		wait = sooner(wait, SPOOL_EVERY_MS);
	}
	return sooner(wait, agentlink_wait(&worker->link, clock_ms()));
}

/* Wait for something to happen, `limit_ms` at most (-1: without end), and see to it.  Returns 0 or
 * -errno. */
static int turn(struct worker *worker, int limit_ms)
{
	struct pollfd polled[] = {
	        {worker->estate->wake, POLLIN, 0}, {-1, POLLIN, 0}, {-1, POLLIN, 0}};
	int wait = attend_agent(worker, limit_ms);
	uint64_t times;

	if (worker->estate->host->listener < 0 && !host_listen(worker->estate->host))
		wait = sooner(wait, NAME_EVERY_MS);
	polled[2].fd = worker->link.sock;
	if (worker->deaf_until_ms <= clock_ms())
		polled[1].fd = worker->estate->host->listener;
	else
		wait = sooner(wait, DEAF_MS);
	if (poll(polled, 3, wait) < 0)
		return errno == EINTR ? 0 : -errno;
	if (polled[0].revents && read(worker->estate->wake, &times, sizeof(times)) < 0 &&
	    errno != EAGAIN)
		return -errno;
	if (polled[1].revents && !host_serve(worker->estate->host))
		worker->deaf_until_ms = clock_ms() + DEAF_MS;
	if (polled[2].revents)
		agentlink_lost(&worker->link, clock_ms());
	return 0;
}

/* The program has ended.  An agent that was never reached may come yet: a pod starts its containers
 * one after the other.  Outside a pod there is none to wait for. */
static int finish(struct worker *worker)
{
	struct estate_page *page = worker->estate->page;
	struct ring *ring = &worker->estate->host->ring;
	uint64_t last_ms = atomic_load(&page->last_ms);
	int err;

	if (page->spool.file >= 0 && !worker->link.reached) {
		spool_drain(&page->spool, ring, clock_ns(CLOCK_MONOTONIC));
		spool_finish(&page->spool, &worker->link.hello, ring_take_dropped(ring));
		return 0;
	}
	spool_finish(&page->spool, &worker->link.hello, 0);
	if (worker->link.reached && worker->link.sock < 0)
		last_ms = clock_ms() + LOST_MS;
	while (worker->link.sock < 0 && getenv(CONTRACT_ENV_CONTAINER) &&
	       atomic_load(&page->told) < ESTATE_TOLD_NOW) {
		uint64_t now = clock_ms();

		if (now >= last_ms)
			break;
		err = turn(worker, (int)(last_ms - now));
		if (err < 0)
			return err;
	}
	agentlink_end(&worker->link, page->wait_status);
	return 0;
}

void worker_run(struct estate *estate, pid_t first)
{
	struct worker worker;

	detach(estate, first);
	take_over(&worker, estate);
	while (!atomic_load(&estate->page->last_ms))
		if (turn(&worker, -1) < 0)
			_exit(1);
	_exit(finish(&worker) < 0 ? 1 : 0);
}

void worker_finish_here(struct estate *estate)
{
	struct worker worker;

	atomic_store(&estate->page->told, ESTATE_TOLD_NOW);
	take_over(&worker, estate);
	(void)finish(&worker);
}
