/* proc.h - which processes there are, and what their records add up to.
 *
 * Why      A record is one statement of one process.  An execve may be tried along PATH, fail,
 *          and be said again by the program that came of it: readers want one event, with the
 *          process's parents, which no record carries.
 * Owns     Its tables, copied into from records: no pointer outlives a call.  The sources stay
 *          the caller's and must live as long as the table.
 * Limits   PROC_MAX processes, PROC_PENDING_MAX execs whose outcome is open.  When they are full,
 * the source with the most loses its least recently used process, or has its oldest exec given out
 * as it stands: who floods forgets its own. Errors   None: every record that record_check() accepts
 * gives none, one or two events.
 */
#ifndef FARGUARD_PROC_PROC_H
#define FARGUARD_PROC_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "injector/base/str.h"
#include "injector/event/record.h"

#define PROC_MAX         2048
#define PROC_BUCKETS     1024 /* a power of two */
#define PROC_PENDING_MAX 64
#define PROC_SOURCES_MAX 192 /* proc_source.container is below */
/* A source with no more processes or pending execs than these keeps them: the one with the most
 * gives way. */
#define PROC_FAIR        256
#define PROC_PARENTS_MAX 6
#define PROC_NAME_BYTES  16 /* TASK_COMM_LEN of the kernel, with its NUL */
#define PROC_EXE_BYTES   192
#define PROC_CWD_BYTES   128
#define PROC_ARGS_BYTES  256
#define PROC_PATH_MAX    4096 /* of one path in an event, made absolute */
/* A program that does not say so within this time is taken to be one that cannot. */
#define PROC_PENDING_NS 250000000ull
/* A program that says so later than this is another one. */
#define PROC_LATE_NS 10000000000ull

enum proc_origin {
	PROC_ORIGIN_UNKNOWN = 0,
	PROC_ORIGIN_ENTRYPOINT,
	PROC_ORIGIN_INIT,
	PROC_ORIGIN_EXEC,
	PROC_ORIGIN_EPHEMERAL,
};

/* Where records come from: one container. */
struct proc_source {
	uint16_t container;
	enum proc_origin origin; /* of its first program */
	bool mixed;              /* exec sessions were seen: an orphan may be of either */
};

struct proc {
	uint16_t container;
	uint16_t bucket_next, newer, older; /* index + 1; 0: none */
	int32_t pid, ppid;
	uint32_t uid, gid, tty;
	enum proc_origin origin;
	uint64_t exec_ns; /* the record's clock: when it became what it is */
	bool used;
	bool said_for; /* its exec is reported, its own word for it may still come */
	bool guessed;  /* ... and nobody knew whether it worked */
	bool cut;      /* something below is not whole */
	uint16_t args_len;
	char name[PROC_NAME_BYTES];
	char exe[PROC_EXE_BYTES];
	char cwd[PROC_CWD_BYTES];
	char args[PROC_ARGS_BYTES]; /* each with its NUL */
};

struct proc_pending {
	const struct proc_source *source; /* NULL: free */
	uint64_t since_ns;                /* the caller's clock */
	union {
		struct record record;
		unsigned char bytes[RECORD_BYTES_MAX];
	};
};

struct proc_table {
	struct proc procs[PROC_MAX];
	uint16_t buckets[PROC_BUCKETS]; /* index + 1 */
	uint16_t count;
	struct proc_ages {
		uint16_t count, newest, oldest; /* of a source; links are index + 1 */
	} ages[PROC_SOURCES_MAX];
	struct proc_pending pending[PROC_PENDING_MAX];
	unsigned pending_count;
	char exe[PROC_PATH_MAX], path[PROC_PATH_MAX]; /* of the event being given out */
};

enum proc_type {
	PROC_EXECVE,
	PROC_OPENAT,
	PROC_CONNECT,
	PROC_EXIT,
};

/* What was found out about one event; its strings are valid during the call it is given in. */
struct proc_event {
	const struct proc_source *source;
	enum proc_type type;
	uint64_t time_ns;
	bool claimed; /* said by the process itself */
	bool result_known;
	int32_t result; /* of EXIT: the wait status */
	int32_t pid, ppid;
	uint32_t uid, gid, tty;
	bool who_unknown; /* nothing is known about uid, gid and tty */
	enum proc_origin origin;
	struct str name, exe, cwd; /* empty: not known */
	struct str args;           /* argv, each with its NUL */
	bool cut;                  /* of name, exe, cwd or args something is missing */
	const struct proc *parents[PROC_PARENTS_MAX];
	unsigned parent_count;
	struct str path; /* OPENAT */
	bool path_cut;
	uint32_t flags, mode;
	struct str address; /* CONNECT: as the caller passed it */
};

typedef void proc_emit(void *ctx, const struct proc_event *event);

/* Take in one record that record_check() accepted.  `now_ns` is any monotonic clock. */
void proc_feed(struct proc_table *table, struct proc_source *source, const struct record *record,
               uint64_t now_ns, proc_emit *emit, void *ctx);

/* Give out what has been pending for PROC_PENDING_NS. */
void proc_expire(struct proc_table *table, uint64_t now_ns, proc_emit *emit, void *ctx);

/* The source has ended: give out what is pending of it and forget its processes. */
void proc_end(struct proc_table *table, const struct proc_source *source, proc_emit *emit,
              void *ctx);

/* The process, or NULL. */
const struct proc *proc_find(const struct proc_table *table, uint16_t container, int32_t pid);

#endif
