/* record.h - the one record that every sensor writes and every consumer reads.
 *
 * Why      A record crosses from the application's processes, where a hook may not
 *          allocate, to the agent, which must not trust it.  So it is flat: a fixed
 *          head, then `text_bytes` of text whose layout the kind defines.
 * Owns     Nothing; it is copied whole.
 * Limits   RECORD_BYTES_MAX with its text; what is longer is cut and flagged.
 * Errors   record_check() tells a well-formed record from garbage.
 *
 * Text by kind, each string with its terminating NUL:
 *   EXEC_TRY   path as given, cwd ("" when path is absolute), argv[0], argv[1], ...
 *   EXEC_FAIL  nothing; `result` is the negative errno of the last EXEC_TRY of this pid
 *   EXEC_DONE  path of the executable, cwd, argv[0], argv[1], ...
 *   EXIT       nothing; args[0] is the wait status
 *   OPEN       path as given, cwd ("" when path is absolute); args: flags, mode
 *   CONNECT    not a string: the socket address as the caller passed it
 */
#ifndef FARGUARD_EVENT_RECORD_H
#define FARGUARD_EVENT_RECORD_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_kind {
	RECORD_EXEC_TRY = 1, /* a process asks for a program; the outcome follows or is unknown */
	RECORD_EXEC_FAIL,    /* it was refused and goes on as it was */
	RECORD_EXEC_DONE,    /* said by the new program itself, from its first instructions */
	RECORD_EXIT,
	RECORD_OPEN,
	RECORD_CONNECT,
	RECORD_KIND_END
};

enum record_flag {
	RECORD_CUT = 1,          /* argv or a path did not fit */
	RECORD_LAUNCHED = 2,     /* EXEC_TRY by the launcher, which takes it back by an EXEC_FAIL */
	RECORD_FIRST = 4,        /* the container's first program: its entrypoint */
	RECORD_SESSION = 8,      /* first program of an exec session or probe */
	RECORD_IN_PROGRESS = 16, /* CONNECT: EINPROGRESS, the outcome is not known yet */
	RECORD_SPAWNED = 32, /* EXEC_TRY by the parent, whose posix_spawn() succeeded; pid is the
	                        child's, time_ns from before the call: an EXEC_DONE of that pid that
	                        is later is the same program, in whatever order they arrive */
};

#define RECORD_BYTES_MAX 7936

struct record {
	uint64_t time_ns; /* CLOCK_REALTIME */
	uint16_t kind;    /* enum record_kind */
	uint16_t flags;   /* enum record_flag, or-ed */
	uint32_t text_bytes;
	/* As the container's own PID namespace numbers them; tid and ppid are 0 in OPEN and
	 * CONNECT, where they are not worth a system call. */
	int32_t pid, tid, ppid;
	uint32_t uid, gid; /* effective */
	int32_t result;    /* the call's result, or a negative errno */
	uint32_t args[2];
	uint32_t tty;  /* device number of a terminal on descriptor 0, else 0 */
	uint32_t zero; /* reserved, 0 */
};
static_assert(sizeof(struct record) == 56, "the head is copied between programs");

#define RECORD_TEXT_MAX (RECORD_BYTES_MAX - sizeof(struct record))

/* Whether `bytes` of memory at `record` hold exactly one well-formed record: known kind,
 * text_bytes that agrees with `bytes`, and the NULs that its kind asks for.  Reads nothing
 * beyond `bytes`; the memory must not change meanwhile (copy it out of a ring first). */
bool record_check(const struct record *record, size_t bytes);

/* The text behind the head; record->text_bytes long. */
static inline const char *record_text(const struct record *record)
{
	return (const char *)(record + 1);
}

#endif
