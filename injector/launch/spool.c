/* spool.c - a ring written down. */
#include "injector/launch/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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
	if (spool->bytes + len > spool->bytes_max) {
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

/* Bytes of the other files in the volume: a container that used it up would have the pod evicted
 * (emptyDir.sizeLimit). */
static size_t used_by_others(const struct spool *spool, const char *path)
{
	CLEANUP(fd_closep) int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_Alignas(struct dirent64) char list[4096];
	size_t used = 0;
	struct stat st;
	long n, at;

	while (dir >= 0 && (n = syscall(SYS_getdents64, dir, list, sizeof(list))) > 0) {
		for (at = 0; at < n;) {
			const struct dirent64 *entry = (const void *)(list + at);

			at += entry->d_reclen;
			if (strcmp(entry->d_name, spool->temp) != 0 &&
			    fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			    S_ISREG(st.st_mode))
				used += (size_t)st.st_size;
		}
	}
	return used;
}

/* How much of the file is whole records that an attempt before this one left: an init container
 * that failed is tried again, one that was killed left half a record at the end. */
static size_t left_before(struct spool *spool, const struct hello *hello)
{
	size_t at = sizeof(struct hello);
	struct hello first;
	struct stat st;
	uint32_t len;

	if (fstat(spool->file, &st) < 0 ||
	    pread(spool->file, &first, sizeof(first), 0) != sizeof(first) ||
	    first.magic != hello->magic || first.version != hello->version ||
	    memcmp(first.container, hello->container, sizeof(first.container)) != 0)
		return 0;
	spool->lost = first.lost;
	while (at < spool->bytes_max &&
	       pread(spool->file, &len, sizeof(len), (off_t)at) == sizeof(len) &&
	       len <= RING_RECORD_SLOTS_MAX * RING_SLOT_BYTES &&
	       at + sizeof(len) + len <= (size_t)st.st_size)
		at += sizeof(len) + len;
	return at;
}

/* Not another kind of file that whoever shares the volume put there: a FIFO would have us wait. */
static int open_file(const struct spool *spool)
{
	int fd = fd_high(openat(spool->dir, spool->temp,
	                        O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644));
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && fchmod(fd, 0644) == 0)
		return fd;
	fd_closep(&fd);
	return -1;
}

void spool_open(struct spool *spool, const char *dir, const struct hello *hello)
{
	struct iovec part = {(void *)(uintptr_t)hello, sizeof(*hello)};
	size_t used;

	*spool = (struct spool){.dir = -1, .file = -1};
	if (!hello->container[0] || strchr(hello->container, '/'))
		return;
	spool->dir = fd_high(open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (spool->dir < 0)
		return;
	snprintf(spool->name, sizeof(spool->name), "%s.records", hello->container);
	snprintf(spool->temp, sizeof(spool->temp), ".%s.temp", hello->container);
	renameat(spool->dir, spool->name, spool->dir, spool->temp);
	used = used_by_others(spool, dir);
	spool->bytes_max = used >= SPOOL_ALL_BYTES_MAX ? 0 : SPOOL_ALL_BYTES_MAX - used;
	if (spool->bytes_max > SPOOL_BYTES_MAX)
		spool->bytes_max = SPOOL_BYTES_MAX;
	spool->file = open_file(spool);
	if (spool->file >= 0) {
		spool->bytes = left_before(spool, hello);
		if (ftruncate(spool->file, (off_t)spool->bytes) == 0 &&
		    lseek(spool->file, (off_t)spool->bytes, SEEK_SET) >= 0 &&
		    (spool->bytes > 0 || append(spool, &part, 1) == 0))
			return;
	}
	spool_drop(spool);
}

void spool_name(struct spool *spool)
{
	if (spool->file >= 0 && renameat(spool->dir, spool->temp, spool->dir, spool->name) == 0)
		memcpy(spool->temp, spool->name, sizeof(spool->temp));
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
