#include "webhook/admit/watches.h"

#include <errno.h>
#include <string.h>

#include "injector/base/clock.h"
#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/admit/log.h"
#include "webhook/admit/metrics.h"
#include "webhook/admit/stop.h"
#include "webhook/admit/tell.h"
#include "webhook/http/http.h"
#include "webhook/kube/json.h"
#include "webhook/kube/limits.h"
#include "webhook/mutate/words.h"

/* "=" as it stands in a query. */
#define PODS_SELECTOR   LABEL_INJECTED "%3Dtrue"
#define EVENTS_SELECTOR "reason%3DFailedCreate"

static void begin_namespaces(void *set)
{
	namespaces_begin_list(set);
}

static void end_namespaces(void *set)
{
	namespaces_end_list(set);
}

/* One that there is no room for is asked for when a pod of it comes. */
static int apply_namespace(void *set, const struct watch_event *event)
{
	int r = namespaces_apply(set, event);

	return r == -ENOSPC ? 0 : r;
}

static void begin_objects(void *set)
{
	objects_begin_list(set);
}

static void end_objects(void *set)
{
	objects_end_list(set);
}

static void forget_objects(void *set)
{
	objects_forget(set);
}

/* Keep what `limits` makes of the object; consumes it.  What is too much is not known, as if the
 * object were not there. */
static int keep(struct objects *set, const struct watch_event *event, struct json_object *limits)
{
	CLEANUP(json_putp) struct json_object *owned = limits;
	const char *text;
	int r;

	if (event->kind == WATCH_DELETE || !owned) {
		objects_delete(set, event->namespace, event->name);
		return 0;
	}
	text = json_object_to_json_string_ext(owned, JSON_C_TO_STRING_PLAIN |
	                                                     JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text)
		return -ENOMEM;
	r = objects_put(set, event->namespace, event->name, text, strlen(text));
	if (r == -ENOSPC || r == -EFBIG) {
		log_say(LOG_DEBUG, "object not kept", "namespace", event->namespace);
		return 0;
	}
	return r;
}

static int apply_limit_range(void *set, const struct watch_event *event)
{
	return keep(set, event, limits_of_range(event->object));
}

static int apply_quota(void *set, const struct watch_event *event)
{
	return keep(set, event, limits_of_quota(event->object));
}

static const struct reflector_sink namespaces_sink = {
        .begin_list = begin_namespaces, .end_list = end_namespaces, .apply = apply_namespace};
static const struct reflector_sink limit_ranges_sink = {.begin_list = begin_objects,
                                                        .end_list = end_objects,
                                                        .apply = apply_limit_range,
                                                        .forget = forget_objects};
static const struct reflector_sink quotas_sink = {.begin_list = begin_objects,
                                                  .end_list = end_objects,
                                                  .apply = apply_quota,
                                                  .forget = forget_objects};

static void on_change(void *ctx, const struct reflector *reflector, const struct err *err)
{
	struct log_line line;

	(void)ctx;
	if (!log_begin(&line, err ? LOG_WARN : LOG_INFO, err ? "not in step" : "in step again"))
		return;
	jsonw_cstr(&line.json, "resource", reflector->resource);
	if (err)
		jsonw_cstr(&line.json, "error", err->text);
	log_end(&line);
}

static bool wait_or_stop(void *ctx, unsigned ms)
{
	return stop_wait(ctx, ms);
}

static void on_circuit(void *ctx, const char *namespace, bool is_open, const char *why)
{
	struct watches *watches = ctx;
	struct log_line line;

	if (is_open && watches->events)
		tell_circuit(watches->events, namespace, why);
	if (!log_begin(&line, is_open ? LOG_WARN : LOG_INFO,
	               is_open ? "circuit open" : "circuit closed"))
		return;
	jsonw_cstr(&line.json, "namespace", namespace);
	if (is_open)
		jsonw_cstr(&line.json, "why", why);
	log_end(&line);
}

static int init_sets(struct watches *watches)
{
	int r = namespaces_init(&watches->namespaces);

	if (r == 0)
		r = objects_init(&watches->limit_ranges);
	if (r == 0)
		r = objects_init(&watches->quotas);
	return r < 0 ? r : circuit_init(&watches->circuit, on_circuit, watches);
}

int watches_init(struct watches *watches, struct config *config,
                 const struct http_settings *settings, struct stop *stop, struct err *err)
{
	const struct reflector templates[WATCHES_COUNT] = {
	        [WATCHES_NAMESPACES] = {.resource = "namespaces",
	                                .path = "/api/v1/namespaces",
	                                .sink = &namespaces_sink,
	                                .set = &watches->namespaces},
	        [WATCHES_LIMIT_RANGES] = {.resource = "limitranges",
	                                  .path = "/api/v1/limitranges",
	                                  .sink = &limit_ranges_sink,
	                                  .set = &watches->limit_ranges},
	        [WATCHES_QUOTAS] = {.resource = "resourcequotas",
	                            .path = "/api/v1/resourcequotas",
	                            .sink = &quotas_sink,
	                            .set = &watches->quotas},
	        [WATCHES_PODS] = {.resource = "pods",
	                          .path = "/api/v1/pods",
	                          .selector = "labelSelector=" PODS_SELECTOR,
	                          .sink = &feed_pods,
	                          .set = &watches->feed},
	        [WATCHES_EVENTS] = {.resource = "events",
	                            .path = "/api/v1/events",
	                            .selector = "fieldSelector=" EVENTS_SELECTOR,
	                            .sink = &feed_events,
	                            .set = &watches->feed},
	};

	*watches = (struct watches){.start_ms = clock_ms()};
	if (init_sets(watches) < 0)
		return err_set(err, ENOMEM, "no memory");
	watches->feed = (struct feed){.circuit = &watches->circuit, .config = config};
	memcpy(watches->reflectors, templates, sizeof(templates));
	for (size_t i = 0; i < WATCHES_COUNT; i++) {
		struct reflector *reflector = &watches->reflectors[i];
		int r = http_open(&reflector->http, settings, err);

		if (r < 0)
			return r;
		reflector->on_change = on_change;
		reflector->wait = wait_or_stop;
		reflector->ctx = stop;
	}
	return 0;
}

void watches_done(struct watches *watches)
{
	for (size_t i = 0; i < WATCHES_COUNT; i++) {
		http_close(watches->reflectors[i].http);
		watches->reflectors[i].http = NULL;
	}
	circuit_done(&watches->circuit);
	objects_done(&watches->quotas);
	objects_done(&watches->limit_ranges);
	namespaces_done(&watches->namespaces);
}

static void *run(void *ctx)
{
	reflector_run(ctx);
	return NULL;
}

int watches_start(struct watches *watches, struct err *err)
{
	while (watches->thread_count < WATCHES_COUNT) {
		size_t i = watches->thread_count;
		int r = pthread_create(&watches->threads[i], NULL, run, &watches->reflectors[i]);

		if (r)
			return err_set(err, r, "no thread: %s", strerror(r));
		watches->thread_count++;
	}
	return 0;
}

void watches_stop(struct watches *watches)
{
	for (size_t i = 0; i < watches->thread_count; i++)
		http_stop(watches->reflectors[i].http);
	while (watches->thread_count)
		pthread_join(watches->threads[--watches->thread_count], NULL);
}

static bool is_awaited(struct watches *watches, struct objects *set, enum watches_resource which)
{
	return !objects_is_listed(set) && !atomic_load(&watches->reflectors[which].is_refused) &&
	       clock_ms() - watches->start_ms < WATCHES_LIMITS_WAIT_MS;
}

const char *watches_missing(struct watches *watches)
{
	if (!namespaces_is_listed(&watches->namespaces))
		return "the namespaces are not listed yet";
	if (is_awaited(watches, &watches->limit_ranges, WATCHES_LIMIT_RANGES))
		return "the limit ranges are not listed yet";
	if (is_awaited(watches, &watches->quotas, WATCHES_QUOTAS))
		return "the resource quotas are not listed yet";
	return NULL;
}

void watches_count(struct watches *watches, struct metrics_watch *out)
{
	const size_t counts[WATCHES_COUNT] = {
	        [WATCHES_NAMESPACES] = namespaces_count(&watches->namespaces),
	        [WATCHES_LIMIT_RANGES] = objects_count(&watches->limit_ranges),
	        [WATCHES_QUOTAS] = objects_count(&watches->quotas),
	        [WATCHES_PODS] = atomic_load(&watches->feed.pod_count)};

	for (size_t i = 0; i < WATCHES_COUNT; i++)
		out[i] = (struct metrics_watch){
		        .resource = watches->reflectors[i].resource,
		        .objects = counts[i],
		        .errors = atomic_load(&watches->reflectors[i].error_count)};
}
