/* watches.h - what is known of the cluster, by watching it.
 *
 * Why      One thread and one connection a resource: one that may not be read, or is slow, holds
 *          up no other.
 * Owns     Its sets and connections, from watches_init() to watches_done(), and its threads, from
 *          watches_start() to watches_stop().
 * Threads  One calls init, start, stop and done; the sets and the rest are for any.
 * Errors   Of a watch: logged once a change, counted, tried again.
 */
#ifndef FARGUARD_ADMIT_WATCHES_H
#define FARGUARD_ADMIT_WATCHES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "webhook/admit/circuit.h"
#include "webhook/admit/feed.h"
#include "webhook/kube/namespaces.h"
#include "webhook/kube/objects.h"
#include "webhook/kube/reflector.h"

struct config;
struct err;
struct events;
struct http_settings;
struct metrics_watch;
struct stop;

enum watches_resource {
	WATCHES_NAMESPACES,   /* who is to be injected */
	WATCHES_LIMIT_RANGES, /* what ours may ask for */
	WATCHES_QUOTAS,       /* what is left for them */
	WATCHES_PODS,         /* injected ones: whether they start */
	WATCHES_EVENTS,       /* FailedCreate: whether they are refused */
	WATCHES_COUNT
};

#define WATCHES_LIMITS_WAIT_MS 5000

struct watches {
	struct events *events; /* told when a circuit opens; or NULL */
	struct namespaces namespaces;
	struct objects limit_ranges, quotas;
	struct circuit circuit;
	struct feed feed;
	struct reflector reflectors[WATCHES_COUNT];
	pthread_t threads[WATCHES_COUNT];
	size_t thread_count;
	uint64_t start_ms; /* monotonic */
};

/* Returns 0 or -errno; watches_done() in either case. */
int watches_init(struct watches *watches, struct config *config,
                 const struct http_settings *settings, struct stop *stop, struct err *err);
void watches_done(struct watches *watches);

/* Returns 0 or -errno; watches_stop() in either case, after stop was asked. */
int watches_start(struct watches *watches, struct err *err);
void watches_stop(struct watches *watches);

/* NULL when reviews can be answered, else what is missing.  For LimitRanges and quotas it is waited
 * WATCHES_LIMITS_WAIT_MS at most, and not at all when they may not be read. */
const char *watches_missing(struct watches *watches);

/* For the metrics: `out` has WATCHES_COUNT elements. */
void watches_count(struct watches *watches, struct metrics_watch *out);

#endif
