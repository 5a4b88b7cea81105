/* sink.c - standard output that may block, behind a buffer that may not.
 *
 * Who is killed around write(2) cannot say whether its bytes are out.  So they go into a pipe of
 * ours first, where the successor can count them, and from there by splice(2), which moves a
 * buffer to the log's pipe wholly or not at all. */
#include "injector/agent/sink.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t buffered(const struct sink *sink)
{
	const struct state_page *page = sink->state->page;

	return (size_t)(page->taken - state_out(page).bytes);
}

/* Where the byte is that is number `at` of all. */
static char *place(const struct sink *sink, uint64_t at)
{
	return sink->state->lines + at % SINK_BYTES;
}

static uint64_t count_lines(const char *p, size_t len)
{
	const char *end = p + len;
	uint64_t lines = 0;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		lines++;
		p++;
	}
	return lines;
}

/* `len` bytes have left the buffer. */
static void advance(struct sink *sink, size_t len)
{
	struct state_out out = state_out(sink->state->page);

	out.lines += count_lines(place(sink, out.bytes), len);
	out.bytes += len;
	state_put_out(sink->state->page, out);
}

/* Of any end of it; 0 if it is none. */
static size_t bytes_in_pipe(int fd)
{
	int n = 0;

	return fd >= 0 && ioctl(fd, FIONREAD, &n) == 0 && n > 0 ? (size_t)n : 0;
}

static bool is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

void sink_init(struct sink *sink, int fd, const struct state *state)
{
	struct state_page *page = state->page;
	uint64_t done;

	*sink = (struct sink){.fd = fd, .state = state, .staged = bytes_in_pipe(state->pipe_out)};
	sink->is_staged = state->pipe_in >= 0 && is_pipe(fd);
	/* A predecessor was killed while it wrote.  Elsewhere than in a pipe the bytes are taken
	 * to be out: a kill most probably comes just after a write, since that wakes the reader. */
	done = sink->is_staged ? sink->staged : page->began_len;
	if (page->began == state_out(page).bytes && done <= buffered(sink))
		advance(sink, (size_t)done);
	page->began_len = 0;
	sink->seq = state_out(page).lines +
	            count_lines(place(sink, state_out(page).bytes), buffered(sink));
}

char *sink_room(struct sink *sink, bool important)
{
	size_t needed = REPORT_LINE_MAX + (important ? 0 : SINK_KEPT_BYTES);

	if (sink->broken || SINK_BYTES - buffered(sink) < needed)
		return NULL;
	return place(sink, sink->state->page->taken);
}

void sink_take(struct sink *sink, size_t len)
{
	struct state_page *page = sink->state->page;

	assert(len > 0 && len <= SINK_BYTES - buffered(sink) &&
	       place(sink, page->taken)[len - 1] == '\n');
	page->taken += len;
	sink->seq++;
}

/* What goes out at once: whole lines that a pipe takes all or none of, or one that is longer. */
static size_t next_bytes(const struct sink *sink)
{
	const char *begin = place(sink, state_out(sink->state->page).bytes);
	const char *last = begin + buffered(sink), *end = begin, *p = begin;

	while (p < last) {
		p = memchr(p, '\n', (size_t)(last - p));
		assert(p); /* only whole lines are taken */
		p++;
		if (end > begin && p - begin > PIPE_BUF)
			break;
		end = p;
	}
	return (size_t)(end - begin);
}

/* Write from the buffer: to the pipe of ours, or to where the log goes.  As write(2). */
static ssize_t put(struct sink *sink)
{
	struct state_page *page = sink->state->page;
	uint64_t from = state_out(page).bytes;
	size_t len = next_bytes(sink);
	ssize_t n;

	page->began = from;
	page->began_len = sink->is_staged ? 0 : len;
	n = write(sink->is_staged ? sink->state->pipe_in : sink->fd, place(sink, from), len);
	if (n > 0)
		advance(sink, (size_t)n);
	page->began_len = 0;
	if (n > 0 && sink->is_staged)
		sink->staged += (size_t)n;
	return n;
}

/* Move on what is in the pipe.  As splice(2). */
static ssize_t move_on(struct sink *sink)
{
	ssize_t n = splice(sink->state->pipe_out, NULL, sink->fd, NULL, sink->staged,
	                   SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

	if (n > 0)
		sink->staged -= (size_t)n;
	return n;
}

/* The rings still want to be read. */
static void give_up(struct sink *sink)
{
	struct state_page *page = sink->state->page;

	sink->broken = true;
	state_put_out(page, (struct state_out){page->taken, sink->seq});
}

void sink_flush(struct sink *sink, uint64_t now_ns)
{
	while (sink_waits(sink, now_ns)) {
		ssize_t n = sink->staged ? move_on(sink) : put(sink);

		if (n > 0) {
			sink->stuck_since_ns = sink->again_ns = 0;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EPIPE || errno == EBADF || errno == EINVAL)) {
			give_up(sink);
			return;
		}
		if (!sink->stuck_since_ns)
			sink->stuck_since_ns = now_ns;
		/* A disk that is full is no descriptor that poll(2) waits for. */
		if (n < 0 && errno != EAGAIN)
			sink->again_ns = now_ns + SINK_RETRY_NS;
		return;
	}
}

size_t sink_pending(const struct sink *sink)
{
	return sink->broken ? 0 : sink->staged + buffered(sink);
}

size_t sink_unread(const struct sink *sink)
{
	return sink->broken || !is_pipe(sink->fd) ? 0 : bytes_in_pipe(sink->fd);
}

bool sink_waits(const struct sink *sink, uint64_t now_ns)
{
	return sink_pending(sink) > 0 && now_ns >= sink->again_ns;
}
