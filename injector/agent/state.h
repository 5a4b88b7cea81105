/* state.h - the page that outlives a restart of the agent.
 *
 * Why      Readers rely on numbers without gaps, so the successor goes on where the last whole
 *          line of its predecessor stood, and does not read a spool file again.  A container
 *          that has ended says so only once: a pod whose agent forgot it would never end.
 * Owns     A mapping of the descriptor in CONTRACT_ENV_STATE_FD, or a page of its own.
 */
#ifndef FARGUARD_AGENT_STATE_H
#define FARGUARD_AGENT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "injector/agent/limits.h"
#include "injector/base/contract.h"
#include "injector/base/err.h"
#include "injector/event/hello.h"

#define STATE_MAGIC 0x46475331u /* "FGS1" */

struct state_spool {
	char name[HELLO_NAME_MAX]; /* "": free */
	uint32_t offset;
	uint32_t refused; /* it holds garbage: never looked at again */
};

struct state_container {
	uint8_t covered, ended, status_known, zero;
	int32_t status; /* wait status */
};

struct state_page {
	uint32_t magic;
	uint32_t mid_line; /* the last line was not written whole */
	uint64_t lines;    /* written whole, ever: the last one's number */
	/* ... and when the write that has begun has succeeded.  Who is killed in between leaves
	 * them apart; most probably just after it, since a write wakes the reader. */
	_Atomic uint64_t lines_after;
	struct state_spool spool[SPOOL_FILES_MAX];
	struct state_container containers[CONTAINERS_MAX]; /* as FARGUARD_CONTAINERS lists them */
};
static_assert(sizeof(struct state_page) <= STATE_BYTES - CONTRACT_STATE_ENDED_BYTES, "one page");

/* The wait status of the agent before, forgotten by this; 0 when there was none. */
int state_take_ended(struct state_page *page);

/* Map descriptor `text` ("7"), or take a fresh page of our own when it is NULL or unfit: then
 * -errno and `err` say why.  `*out` is usable in any case. */
int state_open(struct state_page **out, const char *text, struct err *err);

#endif
