#include "webhook/admit/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "tests/harness.h"
#include "webhook/admit/stop.h"
#include "webhook/admit/tell.h"
#include "webhook/http/http.h"
#include "webhook/mutate/review.h"

static struct events *events;
static struct stop stop;

static int open_events(void **state)
{
	/* Nobody listens there. */
	const struct http_settings settings = {.base = "http://127.0.0.1:1"};
	struct err err = {0};

	(void)state;
	events = calloc(1, sizeof(*events));
	return !events || stop_init(&stop) < 0 || http_init() < 0 ||
	       events_init(events, &stop, &settings, &err) < 0;
}

static int close_events(void **state)
{
	(void)state;
	events_done(events);
	events_done(events);
	http_exit();
	stop_done(&stop);
	free(events);
	return 0;
}

static unsigned known(void)
{
	unsigned count = 0;

	for (size_t i = 0; i < EVENTS_MAX; i++)
		count += events->entries[i].said_ms != 0;
	return count;
}

static const struct event *only(void)
{
	assert_int_equal(known(), 1);
	for (size_t i = 0; i < EVENTS_MAX; i++)
		if (events->entries[i].said_ms)
			return &events->entries[i].event;
	return NULL;
}

static void the_same_again_is_counted(void **state)
{
	struct event_about about = {.namespace = "shop", .kind = "ReplicaSet", .name = "web"};

	(void)state;
	for (int i = 0; i < 7; i++)
		events_say(events, &about, "R", "m");
	assert_int_equal(only()->count, 7);
	events_say(events, &about, "R", "another");
	events_say(events, &about, "S", "m");
	about.uid[0] = '1';
	events_say(events, &about, "R", "m");
	assert_int_equal(known(), 4);
}

static void an_event_of_no_namespace_is_none(void **state)
{
	struct event_about about = {.kind = "Pod", .name = "x"};

	(void)state;
	events_say(events, &about, "R", "m");
	assert_int_equal(known(), 0);
}

static void a_message_too_long_is_cut_and_still_the_same(void **state)
{
	struct event_about about = {.namespace = "shop"};
	char message[EVENT_MESSAGE_MAX * 2];

	(void)state;
	memset(message, 'x', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	events_say(events, &about, "R", message);
	events_say(events, &about, "R", message);
	assert_int_equal(only()->count, 2);
	assert_int_equal(strlen(only()->message), EVENT_MESSAGE_MAX - 1);
}

static void what_has_no_place_is_dropped_until_there_is_one(void **state)
{
	struct event_about about = {.namespace = "shop", .kind = "Job"};

	(void)state;
	for (int i = 0; i < EVENTS_MAX + 10; i++) {
		snprintf(about.name, sizeof(about.name), "job-%d", i);
		events_say(events, &about, "R", "m");
	}
	assert_int_equal(atomic_load(&events->dropped_count), 10);
	/* Told, though to nobody, they make room; no more than a burst at once. */
	assert_int_equal(events_flush(events, 1000), 0);
	assert_int_equal(atomic_load(&events->failed_count), EVENTS_BURST);
	assert_int_equal(events_flush(events, 1000), 0);
	assert_int_equal(atomic_load(&events->failed_count), EVENTS_BURST);
	assert_int_equal(events_flush(events, 1000 + 3 * EVENTS_REFILL_MS), 0);
	assert_int_equal(atomic_load(&events->failed_count), EVENTS_BURST + 3);
	snprintf(about.name, sizeof(about.name), "late");
	events_say(events, &about, "R", "m");
	assert_int_equal(atomic_load(&events->dropped_count), 10);
	assert_int_equal(known(), EVENTS_MAX);
}

static struct review_outcome outcome_of(enum reason reason)
{
	return (struct review_outcome){.reason = reason,
	                               .namespace = "shop",
	                               .name = "web-1",
	                               .is_named = true,
	                               .detail = "the detail"};
}

static void only_what_was_wanted_and_not_had_is_told(void **state)
{
	static const enum reason silent[] = {
	        REASON_INJECTED,     REASON_REPAIRED,         REASON_ALREADY_INJECTED,
	        REASON_NOT_OPTED_IN, REASON_OPTED_OUT,        REASON_NAMESPACE_EXCLUDED,
	        REASON_OWN_POD,      REASON_NOT_FARGATE,      REASON_HOST_NETWORK,
	        REASON_MIRROR_POD,   REASON_UNSUPPORTED_KIND, REASON_NOT_READY};
	struct review_outcome outcome;

	(void)state;
	for (size_t i = 0; i < sizeof(silent) / sizeof(*silent); i++) {
		outcome = outcome_of(silent[i]);
		tell_outcome(events, &outcome);
	}
	outcome = outcome_of(REASON_QUOTA);
	outcome.dry_run = true;
	tell_outcome(events, &outcome);
	assert_int_equal(known(), 0);
	outcome.dry_run = false;
	tell_outcome(events, &outcome);
	assert_string_equal(only()->reason, "NotInjected");
	assert_string_equal(
	        only()->message,
	        "not guarded: quota: a ResourceQuota would refuse the injected pod: the "
	        "detail; raise the ResourceQuota, or lower agent.resources");
}

static void it_is_about_the_controller_the_pod_or_the_namespace(void **state)
{
	struct review_outcome outcome = outcome_of(REASON_INJECTED);

	(void)state;
	snprintf(outcome.uncovered, sizeof(outcome.uncovered), "web (etc-mounted)");
	outcome.is_named = false;
	tell_outcome(events, &outcome);
	assert_string_equal(only()->about.name, "");
	assert_string_equal(only()->reason, "ContainerNotCovered");
	close_events(NULL);
	open_events(NULL);
	outcome.is_named = true;
	tell_outcome(events, &outcome);
	assert_string_equal(only()->about.kind, "Pod");
	assert_string_equal(only()->about.name, "web-1");
	close_events(NULL);
	open_events(NULL);
	snprintf(outcome.owner.kind, sizeof(outcome.owner.kind), "Job");
	snprintf(outcome.owner.name, sizeof(outcome.owner.name), "nightly");
	tell_outcome(events, &outcome);
	assert_string_equal(only()->about.kind, "Job");
	assert_string_equal(only()->about.name, "nightly");
}

#define WITH_EVENTS(test) cmocka_unit_test_setup_teardown(test, open_events, close_events)

TEST_MAIN(WITH_EVENTS(the_same_again_is_counted), WITH_EVENTS(an_event_of_no_namespace_is_none),
          WITH_EVENTS(a_message_too_long_is_cut_and_still_the_same),
          WITH_EVENTS(what_has_no_place_is_dropped_until_there_is_one),
          WITH_EVENTS(only_what_was_wanted_and_not_had_is_told),
          WITH_EVENTS(it_is_about_the_controller_the_pod_or_the_namespace))
