/* estate.h - what the first process has and each of its workers inherits.
 *
 * Why      A worker may die at any moment.  Whatever must not die with it, the first process holds
 *          from before the worker's start: the ring, the listening socket, the connection to the
 *          agent, the file of an init container, and a page that says how far the work has come.
 *          A seccomp listener and the page that calls are received into will have their place here.
 * Owns     The page and its descriptors; the host is borrowed.
 * Threads  One process writes each member of the page: the first process, or the worker that lives.
 */
#ifndef FARGUARD_LAUNCH_ESTATE_H
#define FARGUARD_LAUNCH_ESTATE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "injector/event/hello.h"
#include "injector/launch/host.h"
#include "injector/launch/locker.h"
#include "injector/launch/spool.h"

enum estate_told {
	ESTATE_TOLD = 1, /* to end, while the program ran */
	ESTATE_TOLD_NOW, /* again, or after it: wait for nobody */
};

struct estate_page {
	/* By the first process. */
	_Atomic uint32_t restarts;
	_Atomic uint32_t told;    /* enum estate_told */
	_Atomic uint64_t last_ms; /* the program has ended; an agent is waited for until then */
	int32_t wait_status;      /* before last_ms */
	/* By the worker. */
	_Atomic uint32_t reached; /* the agent has had our hello */
	struct spool spool;
};

/* Where the arguments of this process lie: a worker bears a name of its own there. */
struct estate_title {
	char *at;
	size_t bytes;
};

struct estate {
	struct host *host;
	struct hello hello;
	struct estate_page *page;
	struct locker locker; /* the connection to the agent */
	int wake;             /* eventfd(2): the first process has written to the page */
	struct estate_title title;
};

/* Make it; `host` is borrowed.  Returns 0 or -errno, and then holds nothing. */
int estate_open(struct estate *estate, struct host *host);
void estate_close(struct estate *estate);

/* Have the worker look at the page. */
void estate_wake(const struct estate *estate);

/* Close every descriptor but these, and go to "/": the program's are its own, and nobody waits for
 * us to close them.  `estate` may be NULL. */
void estate_let_go(const struct estate *estate);

/* The same, except that standard output and error stay what they are: of process 1, whose
 * /proc/1/fd/1 programs of a container write to. */
void estate_let_go_of_the_rest(const struct estate *estate);

/* Bear `title` instead of the command line that this process was started with. */
void estate_bear(const struct estate *estate, const char *title);

#endif
