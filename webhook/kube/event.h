/* event.h - a Kubernetes Event: what `kubectl describe` and `kubectl get events` show.
 *
 * Owns     Nothing; texts are inside.
 * Limits   EVENT_MESSAGE_MAX; the API server takes twice that.
 * Errors   As api.h; -ENOENT from event_repeat(): the server has forgotten it, create another.
 */
#ifndef FARGUARD_KUBE_EVENT_H
#define FARGUARD_KUBE_EVENT_H

#include <stdint.h>

#define EVENT_MESSAGE_MAX 512

struct err;
struct http;

/* What an event is about: an object of a namespace, or, without a name, the namespace itself. */
struct event_about {
	char api_version[64], kind[64], namespace[64], name[254], uid[64];
};

struct event {
	struct event_about about;
	char reason[64]; /* UpperCamelCase */
	char message[EVENT_MESSAGE_MAX];
	char name[254];          /* given by event_create() */
	int64_t first_s, last_s; /* Unix time */
	unsigned count;
};

/* Post it as a warning of `component` on `instance`, under a name that is new. */
int event_create(struct http *http, struct event *event, const char *component,
                 const char *instance, struct err *err);

/* Put count and time into the one that event_create() made. */
int event_repeat(struct http *http, const struct event *event, struct err *err);

#endif
