/* sink.h - standard output that may block, behind a buffer that may not.
 *
 * Why      The log's reader is slow at times; the rings must be read all the same.  Lines go out
 *          whole: what finds no room is refused as a whole, and the caller counts it.
 * Owns     Nothing: the buffer is the state's, so that whoever is killed leaves its lines to the
 *          next one.  The descriptor is the caller's, and non-blocking.
 * Limits   SINK_BYTES, of which SINK_KEPT_BYTES are for what must not be lost to a flood.
 * Errors   A disk that is full is waited for; a reader that is gone is not.
 */
#ifndef FARGUARD_AGENT_SINK_H
#define FARGUARD_AGENT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "injector/agent/limits.h"
#include "injector/agent/state.h"

struct sink {
	int fd;
	const struct state *state;
	uint64_t seq;   /* of the last line taken */
	size_t staged;  /* in the state's pipe, on the way to `fd` */
	bool is_staged; /* through that pipe: a write that is cut off can be told from one that is
	                   not */
	uint64_t stuck_since_ns; /* 0: the reader takes what comes */
	uint64_t again_ns;       /* not before then: the last write failed */
	bool broken;             /* nobody reads any more */
};

/* Go on where `state` stands. */
void sink_init(struct sink *sink, int fd, const struct state *state);

/* Where the next line, number sink->seq + 1, may be written, REPORT_LINE_MAX bytes; or NULL. */
char *sink_room(struct sink *sink, bool important);

/* Take the line of `len` bytes that was written there. */
void sink_take(struct sink *sink, size_t len);

/* Write what the reader takes. */
void sink_flush(struct sink *sink, uint64_t now_ns);

/* Bytes that are not out. */
size_t sink_pending(const struct sink *sink);

/* Bytes that are out, into a pipe, and that its reader has not taken.  A container's runtime waits
 * for its own reader only so long once the process has ended (containerd's shim: 2 s). */
size_t sink_unread(const struct sink *sink);

/* Whether it is worth waiting for the descriptor to take more. */
bool sink_waits(const struct sink *sink, uint64_t now_ns);

#endif
