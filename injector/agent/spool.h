/* spool.h - the records of containers that ended before the agent began.
 *
 * Why      An init container's launcher has nobody to send its ring to: it leaves a file,
 *          CONTAINER/CONTAINER.records, a struct hello and then u32 length + record again and
 *          again.  Each sees its own directory only, as the root of what it has mounted: so the
 *          name is the kubelet's word, and what lies beside the file is never looked at.
 * Owns     A chunk of the file that is being read.
 * Limits   SPOOL_FILES_MAX files of SPOOL_FILE_BYTES; what lies beyond is not read.  Between two
 *          times that rings are read, SPOOL_TURN_RECORDS records.
 * Errors   A file that holds anything else is refused at that place, once and for all.
 */
#ifndef FARGUARD_AGENT_SPOOL_H
#define FARGUARD_AGENT_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "injector/agent/state.h"
#include "injector/base/str.h"
#include "injector/event/hello.h"
#include "injector/event/record.h"

union spool_record {
	struct record record;
	unsigned char bytes[RECORD_BYTES_MAX];
};

/* Take one off the front of `*rest`.  0; -EAGAIN when it is not all there yet; -EBADMSG when it
 * is none. */
int spool_take_hello(struct str *rest, struct hello *out);
int spool_take_record(struct str *rest, union spool_record *out);

/* What a file holds, given out in its order; all of a file's records follow its hello.  Returns
 * false to stop: then the same item comes again. */
struct spool_reader {
	bool (*hello)(void *ctx, const struct hello *hello);
	bool (*record)(void *ctx, const char *container, const struct record *record);
	void *ctx;
};

struct spool {
	unsigned char chunk[SPOOL_CHUNK_BYTES];
	union spool_record record;
	unsigned left; /* of SPOOL_TURN_RECORDS */
};

/* Read what `container` left below `dir`, going on where `state` says that its file was left.
 * Returns whether there is more for the next turn. */
bool spool_read(struct spool *spool, const char *dir, struct str container,
                struct state_page *state, const struct spool_reader *reader);

#endif
