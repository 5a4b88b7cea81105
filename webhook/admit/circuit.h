/* circuit.h - where injected pods fail because of us, and no more are injected for a while.
 *
 * Why      A pod whose farguard-install cannot be pulled hangs for good, and no failurePolicy
 * helps: it was admitted.  So each namespace has a circuit; while it is open its pods start as they
 * came.
 *
 *          closed  -> open    a pod has failed for CIRCUIT_FAILS_S, or one was refused because of
 *                             us, and no injected pod of the namespace has started since
 *          open    -> closed  an injected pod has started since: one that hung, or the one on trial
 *          open    -> trial   CIRCUIT_PAUSE_S later one pod is injected again
 *          trial   -> open    that one fails, too: twice the pause, to CIRCUIT_PAUSE_S_MAX
 *          trial   -> open    nothing is heard of it for CIRCUIT_TRIAL_S: another one may try
 *
 * Owns     Its namespaces, until circuit_done().
 * Limits   CIRCUIT_NAMESPACES_MAX, CIRCUIT_FAILING_MAX pods each: more say nothing new.
 * Threads  Any; one lock.  `now_s` and `at_s` are Unix time, as pods have it; no clock is read
 * here. Errors   Without memory a failure is not noted: pods are injected as if all was well.
 */
#ifndef FARGUARD_ADMIT_CIRCUIT_H
#define FARGUARD_ADMIT_CIRCUIT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CIRCUIT_FAILS_S        10
#define CIRCUIT_PAUSE_S        300
#define CIRCUIT_PAUSE_S_MAX    3600
#define CIRCUIT_TRIAL_S        180
#define CIRCUIT_FAILING_MAX    8
#define CIRCUIT_NAMESPACES_MAX 20000u
#define CIRCUIT_NAME_MAX       64
#define CIRCUIT_WHY_MAX        160
#define CIRCUIT_IMAGE_MAX      512

/* A circuit has opened, because of `why`, or closed.  Called with the lock held. */
typedef void circuit_change_fn(void *ctx, const char *namespace, bool is_open, const char *why);

struct circuit_entry;

struct circuit {
	pthread_mutex_t lock;
	struct circuit_entry *entries; /* sorted by name */
	size_t count, cap;
	atomic_size_t troubled; /* entries with something else than success */
	bool is_listing;
	char image[CIRCUIT_IMAGE_MAX];
	circuit_change_fn *on_change;
	void *ctx;
};

struct circuit_row {
	char namespace[CIRCUIT_NAME_MAX];
	bool is_open; /* or on trial; else it was */
};

/* Returns 0 or -errno. */
int circuit_init(struct circuit *circuit, circuit_change_fn *on_change, void *ctx);
void circuit_done(struct circuit *circuit);

/* Whether pods of `namespace` are to be left alone. */
bool circuit_is_open(struct circuit *circuit, const char *namespace, int64_t now_s);

/* A pod was injected, not as a dry run: with an open circuit it is the one on trial. */
void circuit_injected(struct circuit *circuit, const char *namespace, int64_t now_s);

/* What is injected.  Another image: what failed with the old one says nothing, all circuits close.
 */
void circuit_image(struct circuit *circuit, const char *image);

/* Around what is said of the pods of a list: a pod that it does not contain fails no more. */
void circuit_begin_list(struct circuit *circuit);
void circuit_end_list(struct circuit *circuit, int64_t now_s);

/* The injected pod `id` has started at `at_s`. */
void circuit_started(struct circuit *circuit, const char *namespace, uint64_t id, int64_t at_s,
                     int64_t now_s);

/* It fails because of us, since `at_s`; outside of a list it is news, and at least as late as now.
 */
void circuit_fails(struct circuit *circuit, const char *namespace, uint64_t id, int64_t at_s,
                   const char *why, int64_t now_s);

/* Nothing is to be said of it any more. */
void circuit_gone(struct circuit *circuit, const char *namespace, uint64_t id, int64_t now_s);

/* The API server refused a pod because of us. */
void circuit_refused(struct circuit *circuit, const char *namespace, int64_t at_s, const char *why,
                     int64_t now_s);

/* The circuits that are open or were: `*out` is malloc'ed, NULL for none. */
size_t circuit_list(struct circuit *circuit, int64_t now_s, struct circuit_row **out);

#endif
