/* state.h - what outlives a restart of the agent.
 *
 * Why      Readers rely on numbers without gaps and on whole lines, so the successor goes on with
 *          the very byte that its predecessor did not get rid of, and does not read a spool file
 *          again.  A container that has ended says so only once: a pod whose agent forgot it would
 *          never end.
 * Owns     Mappings of the memory file in CONTRACT_ENV_STATE_FD, or of one of its own, and the
 *          pipe that comes with it.
 * Threads  One; but it may be killed between any two stores, and the next one makes sense of it.
 */
#ifndef FARGUARD_AGENT_STATE_H
#define FARGUARD_AGENT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "injector/agent/limits.h"
#include "injector/base/contract.h"
#include "injector/base/err.h"
#include "injector/event/hello.h"

#define STATE_MAGIC      0x46475332u /* "FGS2" */
#define STATE_LOST_KINDS 4

struct state_spool {
	char name[HELLO_NAME_MAX]; /* "": free */
	uint32_t offset;
	uint32_t refused; /* it holds garbage: never looked at again */
};

struct state_container {
	uint8_t covered, ended, status_known, pid1;
	int32_t status;    /* wait status */
	uint64_t ring_ino; /* of the launcher that was heard first; 0: none */
};

/* How far the log is: bytes that ever left the buffer, and the lines in them. */
struct state_out {
	uint64_t bytes, lines;
};

struct state_page {
	_Atomic uint32_t beat;
	int32_t ended; /* wait status of the agent before, 0: none */
	uint32_t magic;
	_Atomic uint32_t out_now; /* which of the two holds */
	struct state_out out[2];
	_Atomic uint64_t taken; /* bytes that ever came into the buffer; whole lines */
	/* out.bytes when a write began, and its length where the pipe cannot tell how far it came.
	 * Whoever is killed in between leaves them as they are. */
	_Atomic uint64_t began, began_len;
	uint64_t lost[STATE_LOST_KINDS]; /* not told yet */
	struct state_spool spool[SPOOL_FILES_MAX];
	struct state_container containers[CONTAINERS_MAX]; /* as FARGUARD_CONTAINERS lists them */
};
static_assert(sizeof(struct state_page) <= STATE_BYTES - SINK_BYTES, "one page");
static_assert(offsetof(struct state_page, beat) == CONTRACT_STATE_BEAT_AT,
              "as the contract has it");
static_assert(offsetof(struct state_page, ended) == CONTRACT_STATE_ENDED_AT, "here too");

struct state {
	struct state_page *page;
	/* SINK_BYTES, mapped twice in a row: a line that begins before its end goes beyond it. */
	char *lines;
	int pipe_in, pipe_out; /* the ends to write and to read, non-blocking; -1: none */
};

/* The wait status of the agent before, forgotten by this; 0 when there was none. */
int state_take_ended(struct state_page *page);

/* Map what `text` ("7,8,9") names, or memory of our own where it is NULL or unfit: then -errno
 * and `err` say why.  `out->page` is NULL when there is no memory at all. */
int state_open(struct state *out, const char *text, struct err *err);

/* Unmap, and close the pipe. */
void state_close(struct state *state);

/* How far the log is. */
struct state_out state_out(const struct state_page *page);

/* Set it, in one step for whoever is killed. */
void state_put_out(struct state_page *page, struct state_out out);

#endif
