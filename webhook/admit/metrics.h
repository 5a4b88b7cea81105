/* metrics.h - what the webhook counts, in Prometheus' text format (0.0.4).
 *
 * Limits   Labels come from fixed lists: a client cannot make new series.
 * Threads  Any.
 */
#ifndef FARGUARD_ADMIT_METRICS_H
#define FARGUARD_ADMIT_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "webhook/policy/reason.h"
#include "webhook/registry/images.h"

#define METRICS_BUCKET_COUNT    13
#define METRICS_OPERATION_COUNT 5
#define METRICS_STATUS_COUNT    8

struct circuit_row;

struct metrics {
	atomic_ullong requests[METRICS_OPERATION_COUNT][REASON_COUNT];
	atomic_ullong buckets[METRICS_BUCKET_COUNT + 1]; /* the last one has no upper bound */
	atomic_ullong duration_us;
	atomic_ullong responses[METRICS_STATUS_COUNT];
};

struct metrics_watch {
	const char *resource;
	uint64_t objects, errors;
};

/* What others know, at the time of asking. */
struct metrics_state {
	int64_t certificate_expiry_s; /* Unix time; 0 without a certificate */
	const struct metrics_watch *watches;
	size_t watch_count;
	const struct circuit_row *circuits;
	size_t circuit_count;
	const struct images_counts *images;
	bool is_config_good; /* the configuration file, as it was read last */
	uint64_t events_sent, events_failed, events_dropped;
	bool is_probed, is_probe_good; /* whether the API server was asked for a guarded pod, and
	                                  whether one came */
	int64_t probed_s;              /* Unix time of the last asking */
	int64_t config_good_s;         /* Unix time of the last good one */
};

/* Count one review, answered after `duration_us`. */
void metrics_count_review(struct metrics *metrics, const char *operation, enum reason reason,
                          uint64_t duration_us);

/* Count one HTTP answer of the admission port. */
void metrics_count_response(struct metrics *metrics, unsigned status);

/* The whole text, malloc'ed; NULL without memory. */
char *metrics_format(struct metrics *metrics, const struct metrics_state *state, size_t *out_len);

#endif
