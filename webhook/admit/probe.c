#include "webhook/admit/probe.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "injector/base/contract.h"
#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/admit/admit.h"
#include "webhook/admit/config.h"
#include "webhook/admit/log.h"
#include "webhook/admit/stop.h"
#include "webhook/admit/tell.h"
#include "webhook/http/http.h"
#include "webhook/kube/json.h"
#include "webhook/kube/pods.h"
#include "webhook/mutate/words.h"
#include "webhook/policy/policy.h"

#define READY_POLL_MS 500u

/* Pod security "restricted" takes it, and fargateOnly too: nothing ever schedules it.  The image is
 * the one that guarded pods pull, so that a policy on images shows as well. */
static const char pod_text[] =
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{"
        "\"generateName\":\"farguard-selfprobe-\","
        "\"labels\":{\"" LABEL_SELFPROBE "\":\"true\"},"
        "\"annotations\":{\"" ANNOTATION_INJECT "\":\"enabled\"}},"
        "\"spec\":{\"schedulerName\":\"" SCHEDULER_FARGATE "\","
        "\"automountServiceAccountToken\":false,"
        "\"securityContext\":{\"runAsNonRoot\":true,\"runAsUser\":65532,"
        "\"seccompProfile\":{\"type\":\"RuntimeDefault\"}},"
        "\"containers\":[{\"name\":\"probe\",\"command\":[\"" CONTRACT_IMAGE_PROGRAM
        "\",\"version\"],"
        "\"resources\":{\"requests\":{\"cpu\":\"10m\",\"memory\":\"16Mi\"},"
        "\"limits\":{\"cpu\":\"100m\",\"memory\":\"32Mi\"}},"
        "\"securityContext\":{\"allowPrivilegeEscalation\":false,"
        "\"readOnlyRootFilesystem\":true,\"capabilities\":{\"drop\":[\"ALL\"]}}}]}}";

int probe_init(struct probe *probe, struct admit *admit, struct stop *stop,
               const struct http_settings *settings, const char *namespace, unsigned period_s,
               struct err *err)
{
	*probe = (struct probe){
	        .admit = admit, .stop = stop, .namespace = namespace, .period_s = period_s};
	return http_open(&probe->http, settings, err);
}

void probe_done(struct probe *probe)
{
	http_close(probe->http);
	probe->http = NULL;
}

static struct json_object *make_pod(struct config *config)
{
	const struct policy *policy = config_get(config);
	struct json_object *pod = json_tokener_parse(pod_text);
	struct json_object *containers = json_member(json_member(pod, "spec"), "containers");
	struct json_object *image = json_object_new_string(policy->image.reference);

	config_put(config, policy);
	if (pod && image &&
	    json_object_object_add(json_object_array_get_idx(containers, 0), "image", image) == 0)
		return pod;
	json_object_put(image);
	json_object_put(pod);
	return NULL;
}

static bool has_container(struct json_object *spec, const char *list, const char *name)
{
	struct json_object *containers = json_member(spec, list);
	size_t count = json_object_is_type(containers, json_type_array)
	                       ? json_object_array_length(containers)
	                       : 0;

	for (size_t i = 0; i < count; i++) {
		const char *its =
		        json_member_string(json_object_array_get_idx(containers, i), "name");

		if (its && strcmp(its, name) == 0)
			return true;
	}
	return false;
}

static bool is_guarded(struct json_object *pod)
{
	struct json_object *spec = json_member(pod, "spec");
	const char *label = json_member_string(json_member(json_member(pod, "metadata"), "labels"),
	                                       LABEL_INJECTED);

	return label && strcmp(label, "true") == 0 &&
	       has_container(spec, "initContainers", CONTRACT_INSTALL_CONTAINER) &&
	       (has_container(spec, "containers", CONTRACT_AGENT_CONTAINER) ||
	        has_container(spec, "initContainers", CONTRACT_AGENT_CONTAINER));
}

/* A server that is away, busy, or refuses us has told nothing of the webhook; one that refuses the
 * pod has: by a webhook that it could not call, a quota, a policy. */
static bool is_unasked(int r, const struct err *err)
{
	switch (-r) {
	case ECONNREFUSED:
	case ETIMEDOUT:
	case ECANCELED:
	case ENOMEM:
	case EIO:
		return true;
	case EACCES:
		/* The server's and RBAC's own words. */
		return strstr(err->text, "Unauthorized") ||
		       strstr(err->text, "cannot create resource");
	case EBUSY:
		return !strstr(err->text, "webhook");
	default:
		return false;
	}
}

enum probe_result probe_once(struct http *http, struct config *config, const char *namespace,
                             struct err *err)
{
	CLEANUP(json_putp) struct json_object *pod = make_pod(config);
	CLEANUP(json_putp) struct json_object *answer = NULL;
	char warning[PODS_WARNING_MAX];
	int r;

	if (!pod) {
		err_set(err, ENOMEM, "no memory");
		return PROBE_UNASKED;
	}
	r = pods_dry_run(http, namespace, pod, &answer, warning, err);
	if (r < 0)
		return is_unasked(r, err) ? PROBE_UNASKED : PROBE_MISSED;
	if (is_guarded(answer))
		return PROBE_INJECTED;
	err_set(err, EPROTO, "the probe pod came back without Farguard: %s",
	        *warning ? warning : "its review did not reach a webhook");
	return PROBE_MISSED;
}

static void note(struct probe *probe, enum probe_result result, const struct err *err)
{
	enum probe_result before = atomic_exchange(&probe->admit->probe_result, result);

	atomic_store(&probe->admit->probed_s, (int64_t)time(NULL));
	if (result == before && strcmp(probe->why, err->text) == 0)
		return;
	memcpy(probe->why, err->text, sizeof(probe->why));
	if (result == PROBE_INJECTED)
		log_say(LOG_INFO, "self-probe injected", "namespace", probe->namespace);
	else
		log_say(LOG_ERROR,
		        result == PROBE_MISSED ? "self-probe not injected" : "self-probe not asked",
		        "error", err->text);
	if (result == PROBE_MISSED)
		tell_probe(&probe->admit->events, probe->namespace, err->text);
}

/* From four fifths of `ms` to six: replicas must not ask in step. */
static unsigned jittered(unsigned ms)
{
	unsigned drawn = 0;

	if (getrandom(&drawn, sizeof(drawn), GRND_NONBLOCK) != sizeof(drawn))
		return ms;
	return ms - ms / 5 + drawn % (ms / 5 * 2 + 1);
}

void probe_run(struct probe *probe)
{
	unsigned period_ms = probe->period_s * 1000;
	unsigned first_ms = period_ms < PROBE_FIRST_MS ? period_ms : PROBE_FIRST_MS;

	while (admit_not_ready(probe->admit))
		if (!stop_wait(probe->stop, READY_POLL_MS))
			return;
	for (unsigned wait_ms = first_ms; stop_wait(probe->stop, wait_ms);
	     wait_ms = jittered(period_ms)) {
		enum probe_result result;
		struct err err = {0};

		/* It is not to be called any more. */
		if (atomic_load(&probe->admit->is_draining))
			return;
		result = probe_once(probe->http, probe->admit->config, probe->namespace, &err);
		if (err.code == ECANCELED)
			return;
		note(probe, result, &err);
	}
}
