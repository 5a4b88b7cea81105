/* admit.h - what the server's threads share: policy, what is watched, readiness, counters.
 *
 * Owns     Its members, until admit_done(); the configuration is the caller's.
 * Threads  Any, after admit_init().
 */
#ifndef FARGUARD_ADMIT_ADMIT_H
#define FARGUARD_ADMIT_ADMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "webhook/admit/events.h"
#include "webhook/admit/lookup.h"
#include "webhook/admit/metrics.h"
#include "webhook/admit/starts.h"
#include "webhook/admit/watches.h"

struct config;
struct err;
struct stop;

/* Of a pod that the API server was asked for, see probe.h. */
enum probe_result {
	PROBE_UNKNOWN,  /* not asked yet */
	PROBE_INJECTED, /* what it should be */
	PROBE_MISSED,   /* an answer, but no guarded pod */
	PROBE_UNASKED,  /* the API server was not reached, or does not let us ask */
};

struct admit {
	const char *namespace; /* Farguard's own, the caller's text; NULL: "farguard" */
	struct config *config;
	struct watches watches;
	struct lookup lookup;
	struct starts starts;
	struct metrics metrics;
	struct events events;
	atomic_bool has_certificate; /* the Secret's, not the one for the first moments */
	atomic_bool is_trusted;      /* the webhook configuration names its authority */
	atomic_bool has_native_sidecars;
	atomic_bool is_draining;
	_Atomic int64_t certificate_expiry_s;
	_Atomic enum probe_result probe_result; /* the last one */
	_Atomic int64_t probed_s;               /* Unix time of it */
};

/* Returns 0 or -errno; admit_done() in either case. */
int admit_init(struct admit *admit, struct config *config, const struct http_settings *settings,
               struct stop *stop, struct err *err);
void admit_done(struct admit *admit);

/* NULL when reviews can be answered, else what is missing, for a person. */
const char *admit_not_ready(struct admit *admit);

/* Answer one review, count it and log it.  As review_answer(). */
int admit_review(struct admit *admit, const char *request, size_t len, char **out_body,
                 size_t *out_len, struct err *err);

/* The metrics' text, malloc'ed; NULL without memory. */
char *admit_metrics(struct admit *admit, size_t *out_len);

#endif
