/* hello.h - what a container's launcher tells the agent, one datagram each.
 *
 * Why      The agent lives in another container: it sees neither the application's
 *          /proc nor its users.  What it needs to name a process is said here, once.
 * Limits   Fixed size; the agent ignores a datagram of any other size, magic or version.
 */
#ifndef FARGUARD_EVENT_HELLO_H
#define FARGUARD_EVENT_HELLO_H

#include <assert.h>
#include <stdint.h>

#define HELLO_MAGIC     0x4647484cu /* "FGHL" */
#define HELLO_VERSION   2
#define HELLO_NAME_MAX  64   /* a DNS label has at most 63 bytes (RFC 1123) */
#define HELLO_USERS_MAX 1024 /* "0:root\n33:www-data\n..." from the container's /etc/passwd */

enum hello_kind {
	/* With the ring's descriptor: this container is covered from now on.  Said again on the
	 * same connection, without being a new start, by a worker that was started again. */
	HELLO_START = 1,
	HELLO_END, /* the program has ended; wait_status says how */
};

enum hello_pid1 {
	HELLO_PID1_FARGUARD = 1, /* the launcher is the container's PID 1 */
	HELLO_PID1_PROGRAM,
	HELLO_PID1_SHARED, /* shareProcessNamespace: somebody else's */
};

enum hello_no_new_privs {
	HELLO_NNP_POD = 1,  /* the pod asked for it: allowPrivilegeEscalation false */
	HELLO_NNP_FARGUARD, /* the launcher set it */
	HELLO_NNP_NONE,
};

enum hello_flag {
	HELLO_BESIDE = 1,       /* the program is PID 1 and the launcher its orphan: there is no
	                           HELLO_END, the connection ends with the container */
	HELLO_PID1_UNKNOWN = 2, /* FARGUARD_PID1 or --pid1 has a word that is none of its values */
	HELLO_FLAGS = 3,        /* all of them */
};

struct hello {
	uint32_t magic;
	uint16_t version;
	uint8_t kind;         /* enum hello_kind */
	uint8_t pid1;         /* enum hello_pid1 */
	uint8_t no_new_privs; /* enum hello_no_new_privs */
	uint8_t self_wrapped; /* 1: by the preload constructor, 0: by the pod's command */
	uint8_t session; /* 1: an exec session in a container whose entrypoint is not covered */
	uint8_t flags;   /* enum hello_flag, or-ed */
	int32_t pid;     /* of the program, in the container's namespace */
	int32_t wait_status;
	uint32_t restarts;              /* of the launcher's worker */
	uint32_t lost;                  /* in a spool: records that are missing from it */
	char container[HELLO_NAME_MAX]; /* NUL-terminated */
	char users[HELLO_USERS_MAX];    /* NUL-terminated, cut at a line */
};
static_assert(sizeof(struct hello) == 28 + HELLO_NAME_MAX + HELLO_USERS_MAX, "sent whole");

#endif
