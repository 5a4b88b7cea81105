/* spool.c - the records of containers that ended before the agent began. */
#include "injector/agent/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "injector/agent/hello.h"
#include "injector/base/own.h"

#define SUFFIX ".records"

/* What getdents64(2) writes: readdir(3) would allocate. */
struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

int spool_take_hello(struct str *rest, struct hello *out)
{
	if (rest->len < sizeof(*out))
		return -EAGAIN;
	if (!hello_take(out, rest->ptr, sizeof(*out)) || out->kind != HELLO_START)
		return -EBADMSG;
	*rest = (struct str){rest->ptr + sizeof(*out), rest->len - sizeof(*out)};
	return 0;
}

int spool_take_record(struct str *rest, union spool_record *out)
{
	uint32_t len;

	if (rest->len < sizeof(len))
		return -EAGAIN;
	memcpy(&len, rest->ptr, sizeof(len));
	if (len < sizeof(out->record) || len > sizeof(out->bytes))
		return -EBADMSG;
	if (rest->len - sizeof(len) < len)
		return -EAGAIN;
	memcpy(out->bytes, rest->ptr + sizeof(len), len);
	if (!record_check(&out->record, len))
		return -EBADMSG;
	*rest = (struct str){rest->ptr + sizeof(len) + len, rest->len - sizeof(len) - len};
	return 0;
}

static struct state_spool *file_state(struct state_page *state, struct str container)
{
	size_t i;

	for (i = 0; i < SPOOL_FILES_MAX; i++) {
		struct state_spool *s = &state->spool[i];

		if (!s->name[0]) {
			*s = (struct state_spool){.offset = 0};
			memcpy(s->name, container.ptr, container.len);
			return s;
		}
		if (str_eq((struct str){s->name, strlen(s->name)}, container))
			return s;
	}
	return NULL;
}

/* Give out what a chunk holds; returns how much of it was used, or -EBADMSG. */
static ssize_t read_chunk(struct spool *spool, struct state_spool *file, size_t len,
                          const struct spool_reader *reader)
{
	struct str rest = {(const char *)spool->chunk, len};
	struct hello hello;
	int err;

	if (file->offset == 0) {
		err = spool_take_hello(&rest, &hello);
		if (err < 0 || strcmp(hello.container, file->name) != 0)
			return err == -EAGAIN ? 0 : -EBADMSG;
		return reader->hello(reader->ctx, &hello) ? (ssize_t)sizeof(hello) : 0;
	}
	for (;;) {
		struct str next = rest;

		err = spool_take_record(&next, &spool->record);
		if (err == -EBADMSG)
			return rest.len == len ? err : (ssize_t)(len - rest.len);
		if (err < 0 || !reader->record(reader->ctx, file->name, &spool->record.record))
			return (ssize_t)(len - rest.len);
		rest = next;
	}
}

static void read_file(struct spool *spool, int dir, const char *name, struct state_spool *file,
                      const struct spool_reader *reader)
{
	CLEANUP(fd_closep)
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	ssize_t n, used;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= file->offset)
		return;
	do {
		if (file->offset >= SPOOL_FILE_BYTES)
			return;
		n = pread(fd, spool->chunk, sizeof(spool->chunk), file->offset);
		if (n <= 0)
			return;
		used = read_chunk(spool, file, (size_t)n, reader);
		if (used < 0)
			file->refused = 1;
		else
			file->offset += (uint32_t)used;
	} while (used > 0);
}

static void scan_entry(struct spool *spool, int dir, const char *name, struct state_page *state,
                       const struct spool_reader *reader)
{
	size_t len = strlen(name), suffix = sizeof(SUFFIX) - 1;
	struct state_spool *file;

	if (len <= suffix || len - suffix >= HELLO_NAME_MAX || strcmp(name + len - suffix, SUFFIX))
		return;
	file = file_state(state, (struct str){name, len - suffix});
	if (file && !file->refused)
		read_file(spool, dir, name, file, reader);
}

void spool_scan(struct spool *spool, const char *path, struct state_page *state,
                const struct spool_reader *reader)
{
	CLEANUP(fd_closep) int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_Alignas(struct entry) char list[4096];
	long n, at;

	if (dir < 0)
		return;
	while ((n = syscall(SYS_getdents64, dir, list, sizeof(list))) > 0) {
		for (at = 0; at < n;) {
			const struct entry *entry = (const struct entry *)(const void *)(list + at);

			if (entry->name[0] != '.')
				scan_entry(spool, dir, entry->name, state, reader);
			at += entry->len;
		}
	}
}
