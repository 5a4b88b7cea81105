#include "webhook/admit/events.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "injector/base/clock.h"
#include "injector/base/err.h"
#include "webhook/admit/log.h"
#include "webhook/admit/stop.h"
#include "webhook/http/http.h"

#define PERIOD_MS 500u

int events_init(struct events *events, struct stop *stop, const struct http_settings *settings,
                struct err *err)
{
	memset(events, 0, sizeof(*events));
	events->tokens = EVENTS_BURST;
	if (pthread_mutex_init(&events->lock, NULL) != 0)
		return err_set(err, ENOMEM, "no memory");
	events->stop = stop;
	/* In a pod it is the pod's name. */
	if (gethostname(events->instance, sizeof(events->instance) - 1) < 0 || !events->instance[0])
		snprintf(events->instance, sizeof(events->instance), EVENTS_COMPONENT);
	return http_open(&events->http, settings, err);
}

void events_done(struct events *events)
{
	if (!events->stop)
		return;
	http_close(events->http);
	events->http = NULL;
	pthread_mutex_destroy(&events->lock);
	events->stop = NULL;
}

static bool is_about(const struct event_about *a, const struct event_about *b)
{
	return strcmp(a->namespace, b->namespace) == 0 && strcmp(a->kind, b->kind) == 0 &&
	       strcmp(a->name, b->name) == 0 && strcmp(a->uid, b->uid) == 0;
}

static bool is_waiting(const struct events_entry *entry)
{
	return entry->said_ms && entry->told < entry->event.count;
}

/* The entry of the same words about the same object, or a place for it, or NULL. */
static struct events_entry *place_of(struct events *events, const struct event_about *about,
                                     const char *reason, const char *message)
{
	struct events_entry *place = NULL;

	for (size_t i = 0; i < EVENTS_MAX; i++) {
		struct events_entry *entry = &events->entries[i];

		if (entry->said_ms && is_about(&entry->event.about, about) &&
		    strcmp(entry->event.reason, reason) == 0 &&
		    strncmp(entry->event.message, message, EVENT_MESSAGE_MAX - 1) == 0)
			return entry;
		/* What was told makes room, the oldest first. */
		if (!is_waiting(entry) && (!place || entry->said_ms < place->said_ms))
			place = entry;
	}
	if (place)
		*place = (struct events_entry){.event = {.first_s = (int64_t)time(NULL)}};
	return place;
}

void events_say(struct events *events, const struct event_about *about, const char *reason,
                const char *message)
{
	struct events_entry *entry;
	struct event *event;

	if (!about->namespace[0])
		return;
	pthread_mutex_lock(&events->lock);
	entry = place_of(events, about, reason, message);
	if (entry) {
		event = &entry->event;
		if (!entry->said_ms) {
			event->about = *about;
			snprintf(event->reason, sizeof(event->reason), "%s", reason);
			snprintf(event->message, sizeof(event->message), "%s", message);
		}
		event->count++;
		event->last_s = (int64_t)time(NULL);
		entry->said_ms = clock_ms();
	}
	pthread_mutex_unlock(&events->lock);
	if (!entry)
		atomic_fetch_add(&events->dropped_count, 1);
}

/* Copy the one that waits longest and is due; it counts as told. */
static bool take(struct events *events, uint64_t now_ms, struct events_entry *out,
                 size_t *out_index)
{
	struct events_entry *oldest = NULL;

	pthread_mutex_lock(&events->lock);
	for (size_t i = 0; i < EVENTS_MAX; i++) {
		struct events_entry *entry = &events->entries[i];

		if (!is_waiting(entry) ||
		    (entry->told_ms && now_ms - entry->told_ms < EVENTS_REPEAT_MS))
			continue;
		if (!oldest || entry->said_ms < oldest->said_ms)
			oldest = entry;
	}
	if (oldest) {
		*out = *oldest;
		*out_index = (size_t)(oldest - events->entries);
		oldest->told = oldest->event.count;
	}
	pthread_mutex_unlock(&events->lock);
	return oldest != NULL;
}

/* Note under which name the server has it; the place may be another's by now. */
static void keep(struct events *events, size_t index, const struct events_entry *sent,
                 uint64_t now_ms)
{
	struct events_entry *entry = &events->entries[index];

	pthread_mutex_lock(&events->lock);
	if (is_about(&entry->event.about, &sent->event.about) &&
	    strcmp(entry->event.message, sent->event.message) == 0) {
		memcpy(entry->event.name, sent->event.name, sizeof(entry->event.name));
		entry->told_ms = now_ms;
	}
	pthread_mutex_unlock(&events->lock);
}

static int send_one(struct events *events, struct events_entry *entry, struct err *err)
{
	int r = entry->told_ms ? event_repeat(events->http, &entry->event, err) : -ENOENT;

	/* The server forgets an event after an hour. */
	if (r == -ENOENT)
		r = event_create(events->http, &entry->event, EVENTS_COMPONENT, events->instance,
		                 err);
	return r;
}

static void refill(struct events *events, uint64_t now_ms)
{
	uint64_t more = (now_ms - events->refilled_ms) / EVENTS_REFILL_MS;

	events->refilled_ms += more * EVENTS_REFILL_MS;
	events->tokens = more < EVENTS_BURST - events->tokens ? events->tokens + (unsigned)more
	                                                      : EVENTS_BURST;
}

int events_flush(struct events *events, uint64_t now_ms)
{
	struct events_entry entry;
	size_t index = 0;
	int count = 0;

	refill(events, now_ms);
	while (events->tokens > 0 && take(events, now_ms, &entry, &index)) {
		struct err err = {0};
		int r = send_one(events, &entry, &err);

		events->tokens--;
		if (r == -ECANCELED)
			return r;
		if (r < 0) {
			atomic_fetch_add(&events->failed_count, 1);
			if (!events->is_failing)
				log_say(LOG_WARN, "event not taken", "error", err.text);
		} else {
			atomic_fetch_add(&events->sent_count, 1);
			count++;
		}
		keep(events, index, &entry, r < 0 ? 0 : now_ms);
		events->is_failing = r < 0;
	}
	return count;
}

void events_run(struct events *events)
{
	do
		if (events_flush(events, clock_ms()) == -ECANCELED)
			return;
	while (stop_wait(events->stop, PERIOD_MS));
}
