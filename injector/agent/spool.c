/* spool.c - the records of containers that ended before the agent began. */
#include "injector/agent/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "injector/agent/hello.h"
#include "injector/base/own.h"

#define SUFFIX ".records"

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

	/* The name is a path below ours. */
	if (container.len == 0 || container.len >= HELLO_NAME_MAX || container.ptr[0] == '.' ||
	    memchr(container.ptr, '/', container.len))
		return NULL;
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
	for (; spool->left > 0; spool->left--) {
		struct str next = rest;

		err = spool_take_record(&next, &spool->record);
		if (err == -EBADMSG)
			return rest.len == len ? err : (ssize_t)(len - rest.len);
		if (err < 0 || !reader->record(reader->ctx, file->name, &spool->record.record))
			return (ssize_t)(len - rest.len);
		rest = next;
	}
	return (ssize_t)(len - rest.len);
}

/* Its file, or negative: whoever made it may have put anything there. */
static int open_file(const char *dir, const struct state_spool *file)
{
	CLEANUP(fd_closep) int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(fd_closep) int own = -1;
	char name[HELLO_NAME_MAX + sizeof(SUFFIX)];

	if (root < 0)
		return -1;
	own = openat(root, file->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (own < 0)
		return -1;
	snprintf(name, sizeof(name), "%s" SUFFIX, file->name);
	return openat(own, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

bool spool_read(struct spool *spool, const char *dir, struct str container,
                struct state_page *state, const struct spool_reader *reader)
{
	struct state_spool *file = file_state(state, container);
	CLEANUP(fd_closep) int fd = -1;
	struct stat st;
	ssize_t n, used;

	if (!file || file->refused)
		return false;
	fd = open_file(dir, file);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= file->offset)
		return false;
	spool->left = SPOOL_TURN_RECORDS;
	do {
		size_t rest = file->offset < SPOOL_FILE_BYTES ? SPOOL_FILE_BYTES - file->offset : 0;

		if (rest > sizeof(spool->chunk))
			rest = sizeof(spool->chunk);
		n = pread(fd, spool->chunk, rest, file->offset);
		if (n <= 0)
			return false;
		used = read_chunk(spool, file, (size_t)n, reader);
		if (used < 0)
			file->refused = 1;
		else
			file->offset += (uint32_t)used;
	} while (used > 0 && spool->left > 0);
	return used > 0;
}
