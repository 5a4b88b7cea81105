#include "webhook/admit/startup.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/contract.h"
#include "webhook/admit/circuit.h"
#include "webhook/kube/instant.h"
#include "webhook/kube/json.h"

/* Reasons of the kubelet: pkg/kubelet/images/types.go. */
static const char *const image_reasons[] = {"ErrImagePull",
                                            "ImagePullBackOff",
                                            "InvalidImageName",
                                            "ErrImageNeverPull",
                                            "ImageInspectError",
                                            "RegistryUnavailable",
                                            "SignatureValidationFailed",
                                            NULL};
/* pkg/kubelet/container/sync_result.go, pkg/kubelet/kuberuntime/kuberuntime_container.go. */
static const char *const start_reasons[] = {"CreateContainerConfigError", "CreateContainerError",
                                            "RunContainerError", "CrashLoopBackOff", NULL};

static bool is_one_of(const char *word, const char *const *list)
{
	for (; word && *list; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

/* FNV-1a; the API server makes the uid, nobody can choose it. */
static uint64_t hash_of(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return hash;
}

static struct json_object *named(struct json_object *list, const char *name)
{
	size_t count =
	        json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		const char *own = json_member_string(item, "name");

		if (own && strcmp(own, name) == 0)
			return item;
	}
	return NULL;
}

static bool is_ours(struct json_object *container, const char *image, const char *pull_policy)
{
	const char *own_image = json_member_string(container, "image");
	const char *own_policy = json_member_string(container, "imagePullPolicy");

	return own_image && strcmp(own_image, image) == 0 && own_policy &&
	       strcmp(own_policy, pull_policy) == 0;
}

/* Whether a variable comes from an object that may be missing: ours have none. */
static bool has_references(struct json_object *container)
{
	struct json_object *env = json_member(container, "env");
	size_t count =
	        json_object_is_type(env, json_type_array) ? json_object_array_length(env) : 0;

	for (size_t i = 0; i < count; i++)
		if (json_member(json_object_array_get_idx(env, i), "valueFrom"))
			return true;
	return json_member(container, "envFrom") != NULL;
}

/* Whether it starts what farguard-install starts. */
static bool installs(struct json_object *container)
{
	static const char *const command[] = {CONTRACT_IMAGE_PROGRAM, "install", CONTRACT_DIR};
	struct json_object *own = json_member(container, "command");

	if (!json_object_is_type(own, json_type_array) || json_object_array_length(own) != 3 ||
	    json_member(container, "args"))
		return false;
	for (size_t i = 0; i < 3; i++) {
		struct json_object *word = json_object_array_get_idx(own, i);

		if (!json_object_is_type(word, json_type_string) ||
		    strcmp(json_object_get_string(word), command[i]) != 0)
			return false;
	}
	return !has_references(container);
}

static void fails(struct startup *out, struct json_object *pod, const char *container,
                  const char *what, int64_t at_s)
{
	const char *name = json_member_string(json_member(pod, "metadata"), "name");

	out->state = STARTUP_FAILS;
	out->at_s = at_s;
	snprintf(out->why, sizeof(out->why), "pod %.80s, %s: %.40s", name ? name : "", container,
	         what);
}

static int64_t instant_of(struct json_object *object, const char *key)
{
	return instant_parse(json_member_string(object, key));
}

/* farguard-install, by its status. */
static void read_install(struct json_object *pod, struct json_object *status, struct startup *out)
{
	struct json_object *state = json_member(status, "state");
	struct json_object *waiting = json_member(state, "waiting");
	struct json_object *ended = json_member(state, "terminated");
	struct json_object *running = json_member(state, "running");
	int64_t made_s = instant_of(json_member(pod, "metadata"), "creationTimestamp");
	const char *reason = json_member_string(waiting, "reason");

	if (is_one_of(reason, image_reasons) || is_one_of(reason, start_reasons)) {
		fails(out, pod, CONTRACT_INSTALL_CONTAINER, reason, made_s);
	} else if (running) {
		/* So that it counts from STARTUP_RUNNING_S on. */
		fails(out, pod, CONTRACT_INSTALL_CONTAINER, "does not end",
		      instant_of(running, "startedAt") + STARTUP_RUNNING_S - CIRCUIT_FAILS_S);
	} else if (ended) {
		int code = json_object_get_int(json_member(ended, "exitCode"));
		char what[40];

		out->state = STARTUP_STARTED;
		out->at_s = instant_of(ended, "finishedAt");
		snprintf(what, sizeof(what), "exit status %d", code);
		if (code)
			fails(out, pod, CONTRACT_INSTALL_CONTAINER, what, out->at_s);
	}
}

/* The agent, once farguard-install is done: what it does itself is never a reason. */
static void read_agent(struct json_object *pod, const char *image, const char *pull_policy,
                       struct startup *out)
{
	static const char *const lists[][2] = {{"containers", "containerStatuses"},
	                                       {"initContainers", "initContainerStatuses"}};
	struct json_object *spec = json_member(pod, "spec"), *status = json_member(pod, "status");

	for (size_t i = 0; i < 2; i++) {
		struct json_object *agent =
		        named(json_member(spec, lists[i][0]), CONTRACT_AGENT_CONTAINER);
		struct json_object *its =
		        named(json_member(status, lists[i][1]), CONTRACT_AGENT_CONTAINER);
		const char *reason = json_member_string(
		        json_member(json_member(its, "state"), "waiting"), "reason");

		if (is_ours(agent, image, pull_policy) && is_one_of(reason, image_reasons))
			fails(out, pod, CONTRACT_AGENT_CONTAINER, reason, out->at_s);
	}
}

void startup_read(struct json_object *pod, const char *image, const char *pull_policy,
                  struct startup *out)
{
	struct json_object *metadata = json_member(pod, "metadata");
	struct json_object *install = named(json_member(json_member(pod, "spec"), "initContainers"),
	                                    CONTRACT_INSTALL_CONTAINER);
	struct json_object *statuses =
	        json_member(json_member(pod, "status"), "initContainerStatuses");

	*out = (struct startup){.id = hash_of(json_member_string(metadata, "uid"))};
	/* One that is being deleted says nothing: its containers are ended on purpose. */
	if (json_member(metadata, "deletionTimestamp") || !is_ours(install, image, pull_policy) ||
	    !installs(install))
		return;
	read_install(pod, named(statuses, CONTRACT_INSTALL_CONTAINER), out);
	if (out->state == STARTUP_STARTED)
		read_agent(pod, image, pull_policy, out);
}
