/* estate.c - memory and descriptors that are inherited. */
#include "injector/launch/estate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
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

static void release(const struct estate *estate, const int kept[2])
{
	int keep[9];
	size_t count = 0;

	keep[count++] = kept[0];
	keep[count++] = kept[1];
	if (estate) {
		keep[count++] = estate->host->ring_fd;
		keep[count++] = estate->host->listener;
		keep[count++] = estate->locker.in;
		keep[count++] = estate->locker.out;
		keep[count++] = estate->wake;
		keep[count++] = estate->page->spool.dir;
		keep[count++] = estate->page->spool.file;
	}
	fds_release(keep, count);
	if (chdir("/") < 0)
		return; /* then its directory stays busy, as it would be without us */
}

void estate_let_go(const struct estate *estate)
{
	static const int none[2] = {-1, -1};

	release(estate, none);
}

void estate_let_go_of_the_rest(const struct estate *estate)
{
	const int kept[2] = {fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1),
	                     fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
	int i;

	release(estate, kept);
	for (i = 0; i < 2; i++) {
		if (kept[i] < 0)
			continue;
		dup3(kept[i], STDOUT_FILENO + i, O_CLOEXEC);
		close(kept[i]);
	}
}

void estate_bear(const struct estate *estate, const char *title)
{
	size_t bytes = strlen(title) + 1;

	/* Arguments that do not end with a NUL are a title that does (proc(5), cmdline). */
	if (estate->title.bytes <= bytes)
		return;
	memcpy(estate->title.at, title, bytes);
	estate->title.at[estate->title.bytes - 1] = ' ';
}
