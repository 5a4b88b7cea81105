#include "webhook/kube/event.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "injector/base/clock.h"
#include "injector/base/err.h"
#include "injector/base/jsonw.h"
#include "webhook/http/http.h"
#include "webhook/kube/api.h"

/* Every byte of the texts may take six when it is escaped. */
#define BODY_BYTES_MAX 12288
/* The server's answer is not read. */
#define ANSWER_BYTES_MAX (256u << 10)
#define PREFIX_MAX       200 /* of the object's name in the event's: client-go's way of naming */

static void put_time(struct jsonw *json, const char *key, int64_t when_s)
{
	time_t when = (time_t)when_s;
	char text[40];
	struct tm utc;

	gmtime_r(&when, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	jsonw_cstr(json, key, text);
}

/* Without a name it is about the namespace; the server wants both namespaces to be the same. */
static void put_about(struct jsonw *json, const struct event_about *about)
{
	bool is_namespace = !about->name[0];

	jsonw_object(json, "involvedObject");
	jsonw_cstr(json, "apiVersion", is_namespace ? "v1" : about->api_version);
	jsonw_cstr(json, "kind", is_namespace ? "Namespace" : about->kind);
	jsonw_cstr(json, "namespace", about->namespace);
	jsonw_cstr(json, "name", is_namespace ? about->namespace : about->name);
	if (!is_namespace && about->uid[0])
		jsonw_cstr(json, "uid", about->uid);
	jsonw_end_object(json);
}

static int call(struct http *http, const char *method, const char *path, const char *type,
                const char *body, size_t len, struct err *err)
{
	struct http_response response = {0};
	struct http_request request = {.method = method,
	                               .path = path,
	                               .type = type,
	                               .body = body,
	                               .body_len = len,
	                               .timeout_ms = API_TIMEOUT_MS,
	                               .body_bytes_max = ANSWER_BYTES_MAX};
	int r = len ? api_call(http, &request, &response, err)
	            : err_set(err, EMSGSIZE, "the event is too long");

	http_response_done(&response);
	return r;
}

int event_create(struct http *http, struct event *event, const char *component,
                 const char *instance, struct err *err)
{
	const struct event_about *about = &event->about;
	char body[BODY_BYTES_MAX], path[160];
	struct jsonw json;

	if (!api_is_name(about->namespace))
		return err_set(err, EINVAL, "\"%.80s\" is no namespace", about->namespace);
	snprintf(event->name, sizeof(event->name), "%.*s.%016llx", PREFIX_MAX,
	         about->name[0] ? about->name : about->namespace,
	         (unsigned long long)clock_ns(CLOCK_REALTIME));
	snprintf(path, sizeof(path), "/api/v1/namespaces/%s/events", about->namespace);
	jsonw_init(&json, body, sizeof(body));
	jsonw_object(&json, NULL);
	jsonw_cstr(&json, "apiVersion", "v1");
	jsonw_cstr(&json, "kind", "Event");
	jsonw_object(&json, "metadata");
	jsonw_cstr(&json, "name", event->name);
	jsonw_cstr(&json, "namespace", about->namespace);
	jsonw_end_object(&json);
	put_about(&json, about);
	jsonw_cstr(&json, "type", "Warning");
	jsonw_cstr(&json, "reason", event->reason);
	jsonw_cstr(&json, "message", event->message);
	jsonw_uint(&json, "count", event->count);
	put_time(&json, "firstTimestamp", event->first_s);
	put_time(&json, "lastTimestamp", event->last_s);
	jsonw_object(&json, "source");
	jsonw_cstr(&json, "component", component);
	jsonw_end_object(&json);
	jsonw_cstr(&json, "reportingComponent", component);
	jsonw_cstr(&json, "reportingInstance", instance);
	jsonw_end_object(&json);
	return call(http, "POST", path, "application/json", body, jsonw_finish(&json), err);
}

int event_repeat(struct http *http, const struct event *event, struct err *err)
{
	char body[256], path[512];
	struct jsonw json;

	snprintf(path, sizeof(path), "/api/v1/namespaces/%s/events/%s", event->about.namespace,
	         event->name);
	jsonw_init(&json, body, sizeof(body));
	jsonw_object(&json, NULL);
	jsonw_uint(&json, "count", event->count);
	put_time(&json, "lastTimestamp", event->last_s);
	jsonw_end_object(&json);
	return call(http, "PATCH", path, "application/merge-patch+json", body, jsonw_finish(&json),
	            err);
}
