/* state.c - what outlives a restart of the agent. */
#include "injector/agent/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "injector/base/own.h"

#define PAGE_BYTES (STATE_BYTES - SINK_BYTES)

struct state_out state_out(const struct state_page *page)
{
	return page->out[page->out_now & 1];
}

void state_put_out(struct state_page *page, struct state_out out)
{
	uint32_t next = (page->out_now & 1) ^ 1;

	page->out[next] = out;
	page->out_now = next;
}

static void check(struct state_page *page)
{
	struct state_out out;
	size_t i;

	if (page->magic != STATE_MAGIC) {
		int32_t ended = page->ended; /* its first agent may have died at once */

		memset(page, 0, sizeof(*page));
		page->ended = ended;
	}
	page->magic = STATE_MAGIC;
	out = state_out(page);
	if (page->taken < out.bytes || page->taken - out.bytes > SINK_BYTES) {
		page->taken = out.bytes;
		page->began_len = 0;
	}
	for (i = 0; i < SPOOL_FILES_MAX; i++)
		page->spool[i].name[HELLO_NAME_MAX - 1] = '\0';
}

int state_take_ended(struct state_page *page)
{
	int status = page->ended;

	page->ended = 0;
	return status;
}

/* The page, and the lines behind it twice. */
static int map(struct state *state, int fd)
{
	char *lines = mmap(NULL, 2 * (size_t)SINK_BYTES, PROT_NONE,
	                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	size_t i;
	int err;

	for (i = 0; i < 2 && lines != MAP_FAILED; i++)
		if (mmap(lines + i * SINK_BYTES, SINK_BYTES, PROT_READ | PROT_WRITE,
		         MAP_SHARED | MAP_FIXED, fd, PAGE_BYTES) == MAP_FAILED)
			break;
	err = errno;
	if (i == 2 && page != MAP_FAILED) {
		state->page = page;
		state->lines = lines;
		check(state->page);
		return 0;
	}
	if (lines != MAP_FAILED)
		munmap(lines, 2 * (size_t)SINK_BYTES);
	if (page != MAP_FAILED)
		munmap(page, PAGE_BYTES);
	return -err;
}

/* "7,8,9": false when it is not three descriptors. */
static bool parse(const char *text, int fds[3])
{
	int i;

	for (i = 0; i < 3; i++) {
		char *end;
		long fd;

		errno = 0;
		fd = strtol(text, &end, 10);
		if (*text < '0' || *text > '9' || errno || fd > INT32_MAX ||
		    *end != (i < 2 ? ',' : '\0'))
			return false;
		fds[i] = (int)fd;
		text = end + 1;
	}
	return true;
}

static bool is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

static int take_over(struct state *state, const char *text, struct err *err)
{
	struct stat st;
	int fds[3], result;

	if (!parse(text, fds))
		return err_set(err, EINVAL, "'%.32s' is not three descriptors", text);
	if (fstat(fds[0], &st) < 0)
		return err_set(err, errno, "descriptor %d: %s", fds[0], strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size < STATE_BYTES)
		return err_set(err, EBADF, "descriptor %d is no memory of ours", fds[0]);
	result = map(state, fds[0]);
	if (result < 0)
		return err_set(err, -result, "descriptor %d: %s", fds[0], strerror(-result));
	if (is_pipe(fds[1]) && is_pipe(fds[2])) {
		state->pipe_out = fds[1];
		state->pipe_in = fds[2];
	}
	return 0;
}

static void make(struct state *state)
{
	CLEANUP(fd_closep) int fd = memfd_create("farguard-state", MFD_CLOEXEC);
	int ends[2];

	if (fd < 0 || ftruncate(fd, STATE_BYTES) < 0 || map(state, fd) < 0)
		return;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
		state->pipe_out = ends[0];
		state->pipe_in = ends[1];
	}
}

int state_open(struct state *out, const char *text, struct err *err)
{
	int result = 0;

	*out = (struct state){.pipe_in = -1, .pipe_out = -1};
	if (text && *text)
		result = take_over(out, text, err);
	if (!out->page)
		make(out);
	return result;
}

void state_close(struct state *state)
{
	if (state->page) {
		munmap(state->page, PAGE_BYTES);
		munmap(state->lines, 2 * (size_t)SINK_BYTES);
	}
	fd_closep(&state->pipe_in);
	fd_closep(&state->pipe_out);
	*state = (struct state){.pipe_in = -1, .pipe_out = -1};
}
