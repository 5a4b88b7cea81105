/* spool.c - a ring written down. */
#include "injector/launch/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "injector/base/own.h"
#include "injector/launch/fds.h"

static int append(struct spool *spool, const struct iovec *parts, int count)
{
	size_t len = 0;
	int i;

	for (i = 0; i < count; i++)
		len += parts[i].iov_len;
	if (spool->bytes + len > SPOOL_BYTES_MAX) {
		spool->lost++;
		return -EFBIG;
	}
	if (writev(spool->file, parts, count) != (ssize_t)len) {
		/* Half a record would hide what follows. */
		if (ftruncate(spool->file, (off_t)spool->bytes) < 0)
			return -errno;
		lseek(spool->file, (off_t)spool->bytes, SEEK_SET);
		spool->lost++;
		return -ENOSPC;
	}
	spool->bytes += len;
	return 0;
}

void spool_open(struct spool *spool, const char *dir, const struct hello *hello)
{
	struct iovec part = {(void *)(uintptr_t)hello, sizeof(*hello)};

	*spool = (struct spool){.dir = -1, .file = -1};
	if (!hello->container[0] || strchr(hello->container, '/'))
		return;
	spool->dir = fd_high(open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (spool->dir < 0)
		return;
	snprintf(spool->name, sizeof(spool->name), "%s.records", hello->container);
	snprintf(spool->temp, sizeof(spool->temp), ".%s.temp", hello->container);
	spool->file = fd_high(openat(spool->dir, spool->temp,
	                             O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
	if (spool->file >= 0 && fchmod(spool->file, 0644) == 0 && append(spool, &part, 1) == 0)
		return;
	spool_drop(spool);
}

void spool_resume(struct spool *spool, struct ring *ring)
{
	ring->read_pos = atomic_load(&ring->shared->read_pos);
	if (spool->file < 0)
		return;
	if (ring->read_pos != spool->read_pos)
		spool->lost++;
	spool->read_pos = ring->read_pos;
	if (ftruncate(spool->file, (off_t)spool->bytes) == 0)
		lseek(spool->file, (off_t)spool->bytes, SEEK_SET);
}

void spool_drain(struct spool *spool, struct ring *ring, uint64_t now_ns)
{
	unsigned char buf[RING_RECORD_SLOTS_MAX * RING_SLOT_BYTES];
	uint32_t len;

	if (spool->file < 0)
		return;
	while ((len = (uint32_t)ring_read(ring, buf, now_ns)) > 0) {
		struct iovec parts[] = {{&len, sizeof(len)}, {buf, len}};

		int err = append(spool, parts, 2);

		spool->read_pos = ring->read_pos;
		if (err < 0)
			break;
	}
	spool->read_pos = ring->read_pos;
	spool->lost += (uint32_t)ring->skipped;
	ring->skipped = 0;
}

void spool_finish(struct spool *spool, const struct hello *hello, uint64_t dropped)
{
	struct hello said = *hello;

	if (spool->bytes <= sizeof(struct hello))
		return spool_drop(spool);
	said.lost = spool->lost + (uint32_t)dropped;
	if (spool->file >= 0 && pwrite(spool->file, &said, sizeof(said), 0) == sizeof(said))
		renameat(spool->dir, spool->temp, spool->dir, spool->name);
	fd_closep(&spool->file);
	fd_closep(&spool->dir);
	spool->bytes = 0;
}

void spool_drop(struct spool *spool)
{
	if (spool->dir >= 0)
		unlinkat(spool->dir, spool->temp, 0);
	fd_closep(&spool->file);
	fd_closep(&spool->dir);
	spool->bytes = 0;
}
