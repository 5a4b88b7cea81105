/* events.h - tell the cluster what went wrong, as Kubernetes Events, without ever waiting for it.
 *
 * Why      Who finds a pod unguarded asks `kubectl describe` first, not our log.
 * Owns     Its table and connection, until events_done().
 * Limits   EVENTS_MAX different ones at a time; what does not fit is dropped and counted.  The same
 *          one again is counted and told every EVENTS_REPEAT_MS at most; all together no more
 *          than EVENTS_BURST at once and one every EVENTS_REFILL_MS, as client-go bounds its own.
 * Threads  events_say() from any, and it does not wait; events_run() fills a thread.
 * Errors   Of the API server: logged when they begin, counted; an event that it refuses is gone.
 */
#ifndef FARGUARD_ADMIT_EVENTS_H
#define FARGUARD_ADMIT_EVENTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "webhook/kube/event.h"

#define EVENTS_MAX       128
#define EVENTS_REPEAT_MS 10000u
#define EVENTS_BURST     25
#define EVENTS_REFILL_MS 1000u
#define EVENTS_COMPONENT "farguard-webhook"

struct err;
struct http;
struct http_settings;
struct stop;

struct events_entry {
	struct event event;
	unsigned told;    /* of event.count */
	uint64_t told_ms; /* monotonic; 0 while the server has none */
	uint64_t said_ms; /* monotonic; 0 for a free place */
};

struct events {
	struct stop *stop;
	struct http *http;
	pthread_mutex_t lock; /* for the entries */
	struct events_entry entries[EVENTS_MAX];
	char instance[64];
	unsigned tokens;
	uint64_t refilled_ms;
	bool is_failing;
	atomic_ullong sent_count, failed_count, dropped_count;
};

/* Returns 0 or -errno; events_done() in either case. */
int events_init(struct events *events, struct stop *stop, const struct http_settings *settings,
                struct err *err);
void events_done(struct events *events);

/* Warn about `about`; an event without a namespace is none. */
void events_say(struct events *events, const struct event_about *about, const char *reason,
                const char *message);

/* Send what is due by `now_ms`; returns how many were sent, or -ECANCELED. */
int events_flush(struct events *events, uint64_t now_ms);

/* Until stop says so. */
void events_run(struct events *events);

#endif
