/* reflector.h - keep a set of objects as the API server has them: list once, then watch.
 *
 * Why      What a review needs to know must be known before it comes: asking for it then would
 *          make every pod of the cluster wait.
 * Owns     Nothing; connection and set are the caller's and must outlive the run.
 * Limits   REFLECTOR_PAGE_ITEMS a page, listing.h and watch.h for an object.
 * Threads  reflector_run() fills a thread; the atomic members may be read from any.
 * Errors   Each is counted; on_change hears of the first of a kind and of the end of the last. Then
 *          it waits (doubling to REFLECTOR_WAIT_MS_MAX, jittered) and goes on: from where it was,
 *          or from a new list when that is gone (410).
 */
#ifndef FARGUARD_KUBE_REFLECTOR_H
#define FARGUARD_KUBE_REFLECTOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "webhook/kube/watch.h"

#define REFLECTOR_PAGE_ITEMS  500
#define REFLECTOR_WATCH_S     300 /* the server ends a watch after so long, up to half more */
#define REFLECTOR_IDLE_S      600 /* longer than any watch: a dead peer */
#define REFLECTOR_WAIT_MS_MAX 30000u
#define REFLECTOR_FORGET_MS   60000u

struct err;
struct http;

/* What keeps the objects. */
struct reflector_sink {
	/* Around the events of a list: what it does not contain is forgotten at its end. */
	void (*begin_list)(void *set);
	void (*end_list)(void *set);
	/* A PUT or a DELETE.  A negative return begins again, with a list. */
	int (*apply)(void *set, const struct watch_event *event);
	/* The list has been refused for REFLECTOR_FORGET_MS (401, 403, 404): what is known of it
	 * grows old.  Or NULL. */
	void (*forget)(void *set);
};

struct reflector {
	const char *resource; /* "limitranges", for people */
	const char *path;     /* "/api/v1/limitranges" */
	const char *selector; /* "labelSelector=...", or NULL */
	struct http *http;
	const struct reflector_sink *sink;
	void *set;
	/* `err` is NULL when there is no error any more. */
	void (*on_change)(void *ctx, const struct reflector *reflector, const struct err *err);
	/* Wait for `ms`; false ends the run. */
	bool (*wait)(void *ctx, unsigned ms);
	void *ctx;
	atomic_ullong error_count, list_count, skip_count;
	atomic_bool is_refused;          /* the list, last time */
	uint64_t refused_ms;             /* since when; 0 when it is not */
	int failing;                     /* the last error, or 0 */
	char version[WATCH_VERSION_MAX]; /* where the next watch begins; "": list first */
	bool is_gone;                    /* the watch said 410 */
};

/* List and watch until wait() says false or the connection is stopped. */
void reflector_run(struct reflector *reflector);

#endif
