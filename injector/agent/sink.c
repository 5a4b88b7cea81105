/* sink.c - standard output that may block, behind a buffer that may not. */
#include "injector/agent/sink.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

void sink_init(struct sink *sink, int fd, struct state_page *state)
{
	sink->fd = fd;
	sink->state = state;
	if (state->lines_after > state->lines) {
		state->lines = state->lines_after;
		state->mid_line = 0;
	}
	sink->seq = state->lines;
	if (state->mid_line) {
		/* A predecessor died within a line: it is ended, broken as it is, and keeps
		 * its number. */
		sink->buf[sink->end++] = '\n';
		sink->seq++;
	}
}

char *sink_room(struct sink *sink, bool important)
{
	size_t needed = REPORT_LINE_MAX + (important ? 0 : SINK_KEPT_BYTES);

	if (sink->broken)
		return NULL;
	if (SINK_BYTES - sink->end < needed && sink->begin > 0) {
		memmove(sink->buf, sink->buf + sink->begin, sink_pending(sink));
		sink->end -= sink->begin;
		sink->begin = 0;
	}
	return SINK_BYTES - sink->end < needed ? NULL : sink->buf + sink->end;
}

void sink_take(struct sink *sink, size_t len)
{
	assert(len > 0 && len <= SINK_BYTES - sink->end && sink->buf[sink->end + len - 1] == '\n');
	sink->end += len;
	sink->seq++;
}

/* What goes out at once: whole lines that a pipe takes all or none of, or one that is longer. */
static size_t next_bytes(const struct sink *sink, uint64_t *out_lines)
{
	const char *begin = sink->buf + sink->begin, *end = begin, *p = begin;

	*out_lines = 0;
	while (p < sink->buf + sink->end) {
		p = memchr(p, '\n', (size_t)(sink->buf + sink->end - p));
		assert(p); /* only whole lines are taken */
		p++;
		if (*out_lines > 0 && p - begin > PIPE_BUF)
			break;
		end = p;
		++*out_lines;
	}
	return (size_t)(end - begin);
}

static void wrote(struct sink *sink, size_t len)
{
	const char *p = sink->buf + sink->begin, *end = p + len;

	sink->state->mid_line = end[-1] != '\n';
	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		sink->state->lines++;
		p++;
	}
	sink->begin += len;
	if (sink->begin == sink->end)
		sink->begin = sink->end = 0;
}

void sink_flush(struct sink *sink, uint64_t now_ns)
{
	while (sink_pending(sink) && !sink->broken) {
		uint64_t lines;
		size_t len = next_bytes(sink, &lines);
		ssize_t n;

		sink->state->lines_after = sink->state->lines + lines;
		n = write(sink->fd, sink->buf + sink->begin, len);
		if (n > 0)
			wrote(sink, (size_t)n);
		sink->state->lines_after = sink->state->lines;
		if (n > 0) {
			sink->stuck_since_ns = 0;
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else if (n == 0 || errno == EAGAIN) {
			if (!sink->stuck_since_ns)
				sink->stuck_since_ns = now_ns;
			return;
		} else {
			/* EPIPE: the log is closed.  The rings still want to be read. */
			sink->broken = true;
			sink->begin = sink->end = 0;
		}
	}
}
