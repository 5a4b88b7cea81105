#include "webhook/admit/feed.h"

#include <stdbool.h>
#include <time.h>

#include "webhook/admit/circuit.h"
#include "webhook/admit/config.h"
#include "webhook/admit/refusal.h"
#include "webhook/admit/startup.h"
#include "webhook/kube/reflector.h"
#include "webhook/policy/policy.h"

static void begin_pods(void *set)
{
	struct feed *feed = set;

	feed->listed = 0;
	circuit_begin_list(feed->circuit);
}

static void end_pods(void *set)
{
	struct feed *feed = set;

	atomic_store(&feed->pod_count, feed->listed);
	circuit_end_list(feed->circuit, time(NULL));
}

/* A list tells of new ones before its end, a watch of each once. */
static void count(struct feed *feed, const struct watch_event *event)
{
	if (event->kind == WATCH_DELETE && atomic_load(&feed->pod_count))
		atomic_fetch_sub(&feed->pod_count, 1);
	else if (event->is_listed)
		feed->listed++;
	else if (event->is_new)
		atomic_fetch_add(&feed->pod_count, 1);
}

static int apply_pod(void *set, const struct watch_event *event)
{
	struct feed *feed = set;
	const struct policy *policy = config_get(feed->config);
	int64_t now_s = time(NULL);
	struct startup startup;

	count(feed, event);
	startup_read(event->object, policy->image.reference, policy->image.pull_policy, &startup);
	circuit_image(feed->circuit, policy->image.reference);
	config_put(feed->config, policy);
	if (event->kind == WATCH_DELETE)
		startup.state = STARTUP_UNKNOWN;
	switch (startup.state) {
	case STARTUP_UNKNOWN:
		circuit_gone(feed->circuit, event->namespace, startup.id, now_s);
		break;
	case STARTUP_STARTED:
		circuit_started(feed->circuit, event->namespace, startup.id, startup.at_s, now_s);
		break;
	case STARTUP_FAILS:
		circuit_fails(feed->circuit, event->namespace, startup.id, startup.at_s,
		              startup.why, now_s);
		break;
	}
	return 0;
}

static void nothing(void *set)
{
	(void)set;
}

static int apply_event(void *set, const struct watch_event *event)
{
	struct feed *feed = set;
	const struct policy *policy;
	struct refusal refusal;
	bool is_ours;

	if (event->kind == WATCH_DELETE)
		return 0;
	policy = config_get(feed->config);
	is_ours = refusal_read(event->object, policy->image.reference, &refusal);
	config_put(feed->config, policy);
	if (is_ours)
		circuit_refused(feed->circuit, event->namespace, refusal.at_s, refusal.why,
		                time(NULL));
	return 0;
}

const struct reflector_sink feed_pods = {
        .begin_list = begin_pods, .end_list = end_pods, .apply = apply_pod};
const struct reflector_sink feed_events = {
        .begin_list = nothing, .end_list = nothing, .apply = apply_event};
