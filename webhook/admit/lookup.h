/* lookup.h - what is known of a namespace: from the watches, or asked for when it is too new.
 *
 * Why      A namespace can be created and filled within the moment that a watch takes.
 * Owns     Its connection, until lookup_done(); the watches are the caller's.
 * Limits   LOOKUP_TIMEOUT_MS a question, one at a time; after one that failed none is asked for
 *          LOOKUP_PAUSE_MS, so that a dead API server does not hold up every review.
 * Threads  Any.
 */
#ifndef FARGUARD_ADMIT_LOOKUP_H
#define FARGUARD_ADMIT_LOOKUP_H

#include <pthread.h>
#include <stdint.h>

#define LOOKUP_TIMEOUT_MS 500
#define LOOKUP_PAUSE_MS   1000

struct err;
struct http;
struct http_settings;
struct watches;
struct review_namespace;

struct lookup {
	struct watches *watches;
	struct http *http;
	pthread_mutex_t lock;
	uint64_t asked_after_ms; /* monotonic; no question before */
};

/* Returns 0 or -errno. */
int lookup_init(struct lookup *lookup, struct watches *watches,
                const struct http_settings *settings, struct err *err);
void lookup_done(struct lookup *lookup);

/* A review_namespace_fn; `ctx` is a struct lookup. */
int lookup_namespace(void *ctx, const char *namespace, struct review_namespace *out);

#endif
