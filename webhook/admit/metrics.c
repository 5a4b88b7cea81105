#include "webhook/admit/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/version.h"
#include "webhook/admit/circuit.h"

static const char *const operations[METRICS_OPERATION_COUNT] = {"CREATE", "UPDATE", "DELETE",
                                                                "CONNECT", "other"};

static const uint64_t bounds_us[METRICS_BUCKET_COUNT] = {
        50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 100000, 500000, 1000000, 3000000};

/* The last one stands for all others. */
static const unsigned statuses[METRICS_STATUS_COUNT] = {200, 400, 404, 405, 413, 415, 503, 0};

void metrics_count_review(struct metrics *metrics, const char *operation, enum reason reason,
                          uint64_t duration_us)
{
	size_t which = 0, bucket = 0;

	while (which < METRICS_OPERATION_COUNT - 1 && strcmp(operations[which], operation) != 0)
		which++;
	while (bucket < METRICS_BUCKET_COUNT && duration_us > bounds_us[bucket])
		bucket++;
	atomic_fetch_add(&metrics->requests[which][reason], 1);
	atomic_fetch_add(&metrics->buckets[bucket], 1);
	atomic_fetch_add(&metrics->duration_us, duration_us);
}

void metrics_count_response(struct metrics *metrics, unsigned status)
{
	size_t which = 0;

	while (which < METRICS_STATUS_COUNT - 1 && statuses[which] != status)
		which++;
	atomic_fetch_add(&metrics->responses[which], 1);
}

static void describe(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void format_reviews(struct metrics *metrics, FILE *out)
{
	unsigned long long below = 0;

	describe(out, "farguard_admission_requests_total", "counter",
	         "Reviews answered, by operation and by what was decided.");
	for (size_t i = 0; i < METRICS_OPERATION_COUNT; i++) {
		for (size_t j = 0; j < REASON_COUNT; j++) {
			unsigned long long count = atomic_load(&metrics->requests[i][j]);

			/* Series that exist from the start give rates from the first event on. */
			if (count || (i == 0 && (j == REASON_INJECTED || j == REASON_NOT_READY)))
				fprintf(out,
				        "farguard_admission_requests_total{operation=\"%s\","
				        "reason=\"%s\"} %llu\n",
				        operations[i], reason_name((enum reason)j), count);
		}
	}
	describe(out, "farguard_admission_duration_seconds", "histogram",
	         "From the whole request to the answer.");
	for (size_t i = 0; i <= METRICS_BUCKET_COUNT; i++) {
		below += atomic_load(&metrics->buckets[i]);
		if (i < METRICS_BUCKET_COUNT)
			fprintf(out, "farguard_admission_duration_seconds_bucket{le=\"%g\"} %llu\n",
			        (double)bounds_us[i] / 1e6, below);
		else
			fprintf(out,
			        "farguard_admission_duration_seconds_bucket{le=\"+Inf\"} %llu\n",
			        below);
	}
	fprintf(out,
	        "farguard_admission_duration_seconds_sum %.6f\n"
	        "farguard_admission_duration_seconds_count %llu\n",
	        (double)atomic_load(&metrics->duration_us) / 1e6, below);
}

static void format_responses(struct metrics *metrics, FILE *out)
{
	describe(out, "farguard_admission_responses_total", "counter",
	         "HTTP answers of the admission port.");
	for (size_t i = 0; i < METRICS_STATUS_COUNT; i++) {
		char code[16] = "other";

		if (statuses[i])
			snprintf(code, sizeof(code), "%u", statuses[i]);
		fprintf(out, "farguard_admission_responses_total{code=\"%s\"} %llu\n", code,
		        (unsigned long long)atomic_load(&metrics->responses[i]));
	}
}

static void format_watches(const struct metrics_state *state, FILE *out)
{
	describe(out, "farguard_watch_objects", "gauge", "Objects known by watching.");
	for (size_t i = 0; i < state->watch_count; i++)
		fprintf(out, "farguard_watch_objects{resource=\"%s\"} %llu\n",
		        state->watches[i].resource, (unsigned long long)state->watches[i].objects);
	describe(out, "farguard_watch_errors_total", "counter",
	         "Lists and watches that failed and were begun again.");
	for (size_t i = 0; i < state->watch_count; i++)
		fprintf(out, "farguard_watch_errors_total{resource=\"%s\"} %llu\n",
		        state->watches[i].resource, (unsigned long long)state->watches[i].errors);
}

static void format_circuits(const struct metrics_state *state, FILE *out)
{
	describe(out, "farguard_circuit_open", "gauge",
	         "1 while nothing is injected into a namespace because injected pods fail there; 0 "
	         "when that is over.");
	for (size_t i = 0; i < state->circuit_count; i++)
		fprintf(out, "farguard_circuit_open{namespace=\"%s\"} %d\n",
		        state->circuits[i].namespace, state->circuits[i].is_open);
}

static void format_images(const struct images_counts *images, FILE *out)
{
	const struct {
		const char *outcome;
		uint64_t count;
	} counts[] = {{"known", images->hits},
	              {"asked", images->misses - images->late},
	              {"late", images->late},
	              {"refused", images->refused}};

	describe(out, "farguard_image_lookups_total", "counter",
	         "Images that reviews asked for, by what came of it in time.");
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		fprintf(out, "farguard_image_lookups_total{outcome=\"%s\"} %llu\n",
		        counts[i].outcome, (unsigned long long)counts[i].count);
	describe(out, "farguard_registry_fetches_total", "counter",
	         "Images that registries were asked for.");
	fprintf(out, "farguard_registry_fetches_total{success=\"true\"} %llu\n",
	        (unsigned long long)(images->fetches - images->failures));
	fprintf(out, "farguard_registry_fetches_total{success=\"false\"} %llu\n",
	        (unsigned long long)images->failures);
}

static void format_events(const struct metrics_state *state, FILE *out)
{
	describe(out, "farguard_events_total", "counter",
	         "Kubernetes Events: sent, refused or unsendable, dropped for want of room.");
	fprintf(out,
	        "farguard_events_total{result=\"sent\"} %llu\n"
	        "farguard_events_total{result=\"failed\"} %llu\n"
	        "farguard_events_total{result=\"dropped\"} %llu\n",
	        (unsigned long long)state->events_sent, (unsigned long long)state->events_failed,
	        (unsigned long long)state->events_dropped);
}

static void format_state(const struct metrics_state *state, FILE *out)
{
	describe(out, "farguard_certificate_expiry_timestamp_seconds", "gauge",
	         "When the certificate that is served ends.");
	fprintf(out, "farguard_certificate_expiry_timestamp_seconds %lld\n",
	        (long long)state->certificate_expiry_s);
	format_watches(state, out);
	format_circuits(state, out);
	format_images(state->images, out);
	describe(out, "farguard_config_last_reload_successful", "gauge",
	         "1 when the configuration file, as it was read last, is in force.");
	fprintf(out, "farguard_config_last_reload_successful %d\n", state->is_config_good);
	describe(out, "farguard_config_last_reload_success_timestamp_seconds", "gauge",
	         "When a configuration was taken last.");
	fprintf(out, "farguard_config_last_reload_success_timestamp_seconds %lld\n",
	        (long long)state->config_good_s);
	format_events(state, out);
	if (state->is_probed) {
		describe(out, "farguard_selfprobe_success", "gauge",
		         "1 when a pod, asked for by dry run, came back guarded.");
		fprintf(out, "farguard_selfprobe_success %d\n", state->is_probe_good);
		describe(out, "farguard_selfprobe_timestamp_seconds", "gauge",
		         "When it was asked for last.");
		fprintf(out, "farguard_selfprobe_timestamp_seconds %lld\n",
		        (long long)state->probed_s);
	}
	describe(out, "farguard_build_info", "gauge", "1, with the version.");
	fputs("farguard_build_info{version=\"" FARGUARD_VERSION "\"} 1\n", out);
}

char *metrics_format(struct metrics *metrics, const struct metrics_state *state, size_t *out_len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, out_len);

	if (!out)
		return NULL;
	format_reviews(metrics, out);
	format_responses(metrics, out);
	format_state(state, out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
