#include "webhook/admit/admit.h"

#include <errno.h>
#include <time.h>

#include "injector/base/clock.h"
#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/admit/config.h"
#include "webhook/admit/log.h"
#include "webhook/admit/tell.h"
#include "webhook/mutate/review.h"

int admit_init(struct admit *admit, struct config *config, const struct http_settings *settings,
               struct stop *stop, struct err *err)
{
	const struct policy *policy;
	int r;

	*admit = (struct admit){.config = config};
	r = watches_init(&admit->watches, config, settings, stop, err);
	if (r == 0)
		r = events_init(&admit->events, stop, settings, err);
	if (r == 0)
		admit->watches.events = &admit->events;
	if (r == 0)
		r = lookup_init(&admit->lookup, &admit->watches, settings, err);
	if (r < 0)
		return r;
	policy = config_get(config);
	r = starts_init(&admit->starts, policy, settings, err);
	config_put(config, policy);
	return r;
}

void admit_done(struct admit *admit)
{
	starts_done(&admit->starts);
	events_done(&admit->events);
	lookup_done(&admit->lookup);
	watches_done(&admit->watches);
}

const char *admit_not_ready(struct admit *admit)
{
	if (atomic_load(&admit->is_draining))
		return "it is ending";
	if (!atomic_load(&admit->has_certificate))
		return "no certificate from Secret farguard-tls yet";
	if (!atomic_load(&admit->is_trusted))
		return "caBundle of MutatingWebhookConfiguration farguard does not vouch for the "
		       "certificate yet";
	return watches_missing(&admit->watches);
}

static void note(const struct review_outcome *outcome, uint64_t duration_us)
{
	struct log_line line;

	if (!log_begin(&line, outcome->reason == REASON_INTERNAL_ERROR ? LOG_ERROR : LOG_INFO,
	               "review"))
		return;
	jsonw_cstr(&line.json, "uid", outcome->uid);
	jsonw_cstr(&line.json, "operation", outcome->operation);
	jsonw_cstr(&line.json, "namespace", outcome->namespace);
	jsonw_cstr(&line.json, "name", outcome->name);
	jsonw_cstr(&line.json, "reason", reason_name(outcome->reason));
	if (outcome->detail[0])
		jsonw_cstr(&line.json, "detail", outcome->detail);
	jsonw_uint(&line.json, "patchOperations", outcome->operations);
	jsonw_bool(&line.json, "dryRun", outcome->dry_run);
	jsonw_uint(&line.json, "durationMicroseconds", duration_us);
	log_end(&line);
}

/* What one review asks of its surroundings. */
struct asking {
	struct admit *admit;
	struct starts_review images;
};

static int ask_namespace(void *ctx, const char *namespace, struct review_namespace *out)
{
	struct asking *asking = ctx;

	return lookup_namespace(&asking->admit->lookup, namespace, out);
}

static int ask_image(void *ctx, const char *namespace, struct json_object *pull_secrets,
                     const char *reference, struct mutate_image *out)
{
	struct asking *asking = ctx;

	return starts_find(&asking->images, namespace, pull_secrets, reference, out);
}

int admit_review(struct admit *admit, const char *request, size_t len, char **out_body,
                 size_t *out_len, struct err *err)
{
	struct review_outcome outcome;
	uint64_t start_us = clock_ns(CLOCK_MONOTONIC) / 1000, duration_us;
	const struct policy *policy = config_get(admit->config);
	struct asking asking = {admit, {&admit->starts, policy, 0}};
	struct review_world world = {.own_namespace = admit->namespace,
	                             .native_sidecars = atomic_load(&admit->has_native_sidecars),
	                             .namespace = ask_namespace,
	                             .image = ask_image,
	                             .ctx = &asking};
	struct circuit *circuit = &admit->watches.circuit;
	int r;

	circuit_image(circuit, policy->image.reference);
	r = review_answer(policy, &world, request, len, out_body, out_len, &outcome, err);
	config_put(admit->config, policy);
	if (r < 0) {
		log_say(LOG_WARN, "review refused", "error", err->text);
		return r;
	}
	duration_us = clock_ns(CLOCK_MONOTONIC) / 1000 - start_us;
	metrics_count_review(&admit->metrics, outcome.operation, outcome.reason, duration_us);
	note(&outcome, duration_us);
	if (!outcome.dry_run &&
	    (outcome.reason == REASON_INJECTED || outcome.reason == REASON_REPAIRED))
		circuit_injected(circuit, outcome.namespace, time(NULL));
	tell_outcome(&admit->events, &outcome);
	return 0;
}

char *admit_metrics(struct admit *admit, size_t *out_len)
{
	struct metrics_watch watches[WATCHES_COUNT];
	CLEANUP(mem_freep) struct circuit_row *circuits = NULL;
	struct images_counts images;
	struct metrics_state state = {
	        .certificate_expiry_s = atomic_load(&admit->certificate_expiry_s),
	        .watches = watches,
	        .watch_count = WATCHES_COUNT,
	        .is_config_good = atomic_load(&admit->config->is_last_good),
	        .config_good_s = atomic_load(&admit->config->good_s),
	        .events_sent = atomic_load(&admit->events.sent_count),
	        .events_failed = atomic_load(&admit->events.failed_count),
	        .events_dropped = atomic_load(&admit->events.dropped_count),
	        .is_probed = atomic_load(&admit->probe_result) != PROBE_UNKNOWN,
	        .is_probe_good = atomic_load(&admit->probe_result) == PROBE_INJECTED,
	        .probed_s = atomic_load(&admit->probed_s)};

	images_count(admit->starts.images, &images);
	state.images = &images;
	watches_count(&admit->watches, watches);
	state.circuit_count = circuit_list(&admit->watches.circuit, time(NULL), &circuits);
	state.circuits = circuits;
	return metrics_format(&admit->metrics, &state, out_len);
}
