#include "webhook/admit/tell.h"

#include <stdio.h>
#include <string.h>

#include "webhook/admit/events.h"
#include "webhook/mutate/review.h"

/* What to do about it. */
static const struct {
	enum reason reason;
	const char *way_out;
} ways_out[] = {
        {REASON_NAME_COLLISION, "rename it, or leave the pod out: farguard.io/inject=disabled"},
        {REASON_LIMIT_RANGE, "widen the LimitRange, or set install.resources and agent.resources"},
        {REASON_QUOTA, "raise the ResourceQuota, or lower agent.resources"},
        {REASON_JOB_UNCOVERABLE,
         "give each container a command, or use a cluster with native sidecars (1.29)"},
        {REASON_CIRCUIT_OPEN, "see why injected pods of the namespace do not start"},
        {REASON_NO_CONTAINER_SELECTED,
         "name containers of the pod in farguard.io/containers, or none"},
        {REASON_SELF_CHECK_FAILED,
         "report it with the pod's spec; farguardctl review shows the same"},
        {REASON_INTERNAL_ERROR, "see the log of farguard-webhook; its memory limit may be too low"},
};

static const char *way_out_of(enum reason reason)
{
	for (size_t i = 0; i < sizeof(ways_out) / sizeof(*ways_out); i++)
		if (ways_out[i].reason == reason)
			return ways_out[i].way_out;
	return NULL;
}

/* A pod under admission has no UID yet, and often no name: its controller has both. */
static void find_about(const struct review_outcome *outcome, struct event_about *out)
{
	*out = (struct event_about){0};
	memcpy(out->namespace, outcome->namespace, sizeof(out->namespace));
	if (outcome->owner.name[0]) {
		memcpy(out->api_version, outcome->owner.api_version, sizeof(out->api_version));
		memcpy(out->kind, outcome->owner.kind, sizeof(out->kind));
		memcpy(out->name, outcome->owner.name, sizeof(out->name));
		memcpy(out->uid, outcome->owner.uid, sizeof(out->uid));
	} else if (outcome->is_named) {
		snprintf(out->api_version, sizeof(out->api_version), "v1");
		snprintf(out->kind, sizeof(out->kind), "Pod");
		snprintf(out->name, sizeof(out->name), "%.253s", outcome->name);
	}
}

void tell_outcome(struct events *events, const struct review_outcome *outcome)
{
	const char *way_out = way_out_of(outcome->reason);
	char message[EVENT_MESSAGE_MAX];
	struct event_about about;

	if (outcome->dry_run || (!way_out && !outcome->uncovered[0]))
		return;
	find_about(outcome, &about);
	if (way_out) {
		snprintf(message, sizeof(message), "not guarded: %s: %s%s%s; %s",
		         reason_name(outcome->reason), reason_text(outcome->reason),
		         outcome->detail[0] ? ": " : "", outcome->detail, way_out);
		events_say(events, &about, TELL_NOT_INJECTED, message);
	}
	if (outcome->uncovered[0]) {
		snprintf(message, sizeof(message),
		         "guarded, but not these containers: %s; `farguardctl explain` says more",
		         outcome->uncovered);
		events_say(events, &about, TELL_NOT_COVERED, message);
	}
}

static void tell_namespace(struct events *events, const char *namespace, const char *reason,
                           const char *what, const char *why)
{
	struct event_about about = {0};
	char message[EVENT_MESSAGE_MAX];

	snprintf(about.namespace, sizeof(about.namespace), "%s", namespace);
	snprintf(message, sizeof(message), "%s: %s", what, why);
	events_say(events, &about, reason, message);
}

void tell_circuit(struct events *events, const char *namespace, const char *why)
{
	tell_namespace(events, namespace, TELL_CIRCUIT_OPEN,
	               "no more pods of the namespace are injected for a while", why);
}

void tell_probe(struct events *events, const char *namespace, const char *why)
{
	tell_namespace(events, namespace, TELL_SELFPROBE_FAILED, "pods may start unguarded", why);
}
