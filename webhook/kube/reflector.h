/* reflector.h - keep a set of namespaces as the API server has them.
 *
 * Why      A review does not carry its namespace's annotations, and asking for each would make
 *          every pod of the cluster wait: list once, then watch.
 * Owns     Nothing; connection and set are the caller's and must outlive the run.
 * Limits   REFLECTOR_PAGE_ITEMS a page, WATCH_LINE_BYTES_MAX an event.
 * Threads  reflector_run() fills a thread; counters may be read from any.
 * Errors   Each goes to on_error, then it waits (doubling to REFLECTOR_WAIT_MS_MAX, jittered) and
 *          goes on: from where it was, or from a new list when that is gone (410).
 */
#ifndef FARGUARD_KUBE_REFLECTOR_H
#define FARGUARD_KUBE_REFLECTOR_H

#include <stdatomic.h>
#include <stdbool.h>

#include "webhook/kube/watch.h"

#define REFLECTOR_PAGE_ITEMS  500
#define REFLECTOR_WATCH_S     300 /* the server ends a watch after so long, up to half more */
#define REFLECTOR_IDLE_S      600 /* longer than any watch: a dead peer */
#define REFLECTOR_WAIT_MS_MAX 30000u

struct err;
struct http;
struct namespaces;

struct reflector {
	struct http *http;
	struct namespaces *set;
	void (*on_error)(void *ctx, const struct err *err);
	/* Wait for `ms`; false ends the run. */
	bool (*wait)(void *ctx, unsigned ms);
	void *ctx;
	atomic_ullong error_count, list_count;
	char version[WATCH_VERSION_MAX]; /* where the next watch begins; "": list first */
	bool is_gone;                    /* the watch said 410 */
};

/* List and watch until wait() says false or the connection is stopped. */
void reflector_run(struct reflector *reflector);

#endif
