/* estate.c - memory and descriptors that are inherited. */
#include "injector/launch/estate.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "injector/base/own.h"
#include "injector/launch/fds.h"

int estate_open(struct estate *estate, struct host *host)
{
	void *page = mmap(NULL, sizeof(struct estate_page), PROT_READ | PROT_WRITE,
	                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int err;

	*estate = (struct estate){.host = host, .locker = {-1, -1}, .wake = -1};
	if (page == MAP_FAILED)
		return -errno;
	estate->page = page;
	estate->page->spool.dir = estate->page->spool.file = -1;
	estate->wake = fd_high(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	err = estate->wake < 0 ? -errno : locker_open(&estate->locker);
	if (err < 0)
		estate_close(estate);
	return err;
}

void estate_close(struct estate *estate)
{
	if (estate->page)
		munmap(estate->page, sizeof(*estate->page));
	estate->page = NULL;
	locker_close(&estate->locker);
	fd_closep(&estate->wake);
}

void estate_wake(const struct estate *estate)
{
	const uint64_t one = 1;

	if (write(estate->wake, &one, sizeof(one)) < 0)
		return; /* EAGAIN: it has been woken 2^64 - 2 times and not looked */
}

void estate_fds(const struct estate *estate, int out[ESTATE_FDS])
{
	const int fds[] = {estate->host->ring_fd,   estate->host->listener, estate->locker.in,
	                   estate->locker.out,      estate->wake,           estate->page->spool.dir,
	                   estate->page->spool.file};
	int i;

	static_assert(sizeof(fds) / sizeof(*fds) == ESTATE_FDS, "all of them");
	for (i = 0; i < ESTATE_FDS; i++)
		out[i] = fds[i];
}
