/* report.h - the records that leave the pod, as NDJSON: schema.json describes each.
 *
 * Why      Whoever reads a pod's log reads these lines and nothing else, so they are whole,
 *          numbered, below the 16 KiB at which container runtimes split a line, and valid
 *          JSON whatever bytes an application put into its arguments.
 * Owns     Nothing: a line is written to the caller's buffer of REPORT_LINE_MAX bytes.
 * Limits   REPORT_LINE_MAX bytes a line, its newline included; strings are cut after escaping, and
 *          what was cut is marked.
 * Errors   A formatter returns the line's length; it always fits.
 */
#ifndef FARGUARD_REPORT_REPORT_H
#define FARGUARD_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "injector/base/str.h"
#include "injector/proc/proc.h"

#define REPORT_SCHEMA   1
#define REPORT_LINE_MAX 16000

/* The pod that all lines are about; empty outside of one. */
struct report_pod {
	struct str namespace_, pod, node, workload;
};

struct report_head {
	const struct report_pod *pod;
	uint64_t seq, time_ns;       /* CLOCK_REALTIME */
	struct str container, image; /* empty: concerns none */
	bool contested;              /* more speak in its name than it can have launchers */
};

/* Classes of events, or-ed. */
enum report_class {
	REPORT_PROCESS = 1,
	REPORT_FILE = 2,
	REPORT_NETWORK = 4,
};

struct report_config {
	unsigned classes; /* enum report_class */
	unsigned heartbeat_seconds, containers;
	const char *restart_policy;
	const char *restarted; /* how the agent before ended; NULL: there was none */
	const char *note;      /* what of the environment is not understood, or NULL */
};

/* `reason` NULL: hello, else goodbye. */
size_t report_hello(char *line, const struct report_head *head, const char *kernel,
                    const struct report_config *config, const char *reason);

struct report_coverage {
	bool covered;
	const char *how;                 /* covered: command, self-wrap, ...; NULL: not known */
	struct str reason;               /* not covered */
	const char *detail;              /* a sentence, or NULL */
	bool session;                    /* said by an exec session */
	const char *pid1, *no_new_privs; /* or NULL */
	unsigned restarts;               /* of the launcher's worker */
	bool end_unseen;                 /* the program is PID 1 */
};

size_t report_coverage(char *line, const struct report_head *head,
                       const struct report_coverage *coverage);

struct report_heartbeat {
	uint64_t events, alerts, dropped, memory_bytes, cpu_ms;
};

size_t report_heartbeat(char *line, const struct report_head *head,
                        const struct report_heartbeat *heartbeat);

size_t report_drop(char *line, const struct report_head *head, const char *where, uint64_t count);

/* An event's class. */
enum report_class report_class(enum proc_type type);

/* `user` is the name of event->uid, or empty. */
size_t report_event(char *line, const struct report_head *head, const struct proc_event *event,
                    struct str user);

#endif
