/* ours.c - everything here satisfies PodSecurity "restricted". */
#include "webhook/mutate/ours.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/contract.h"

#define WORKLOAD_MAX 608 /* a kind and a name of 253 bytes fit well */

struct json_object *ours_volume(const char *name, const char *size, struct tree_build *build)
{
	struct json_object *volume = tree_new_object(build), *dir = tree_new_object(build);

	if (size)
		tree_put_string(build, dir, "sizeLimit", size);
	tree_put_string(build, volume, "name", name);
	tree_put(build, volume, "emptyDir", dir);
	return volume;
}

bool ours_is_volume(const char *name)
{
	return name &&
	       (strcmp(name, CONTRACT_VOLUME) == 0 || strcmp(name, CONTRACT_NO_TOKEN_VOLUME) == 0 ||
	        strcmp(name, CONTRACT_SPOOL_VOLUME) == 0);
}

struct json_object *ours_mount(const char *volume, const char *path, const char *sub_path,
                               bool read_only, struct tree_build *build)
{
	struct json_object *mount = tree_new_object(build);

	tree_put_string(build, mount, "name", volume);
	tree_put_string(build, mount, "mountPath", path);
	if (sub_path)
		tree_put_string(build, mount, "subPath", sub_path);
	if (read_only)
		tree_put(build, mount, "readOnly", tree_new_bool(build, true));
	return mount;
}

struct json_object *ours_variable(const char *name, const char *value, struct tree_build *build)
{
	struct json_object *variable = tree_new_object(build);

	tree_put_string(build, variable, "name", name);
	tree_put_string(build, variable, "value", value);
	return variable;
}

static struct json_object *field_variable(const char *name, const char *field,
                                          struct tree_build *build)
{
	struct json_object *variable = tree_new_object(build), *from = tree_new_object(build);
	struct json_object *ref = tree_new_object(build);

	tree_put_string(build, ref, "fieldPath", field);
	tree_put(build, from, "fieldRef", ref);
	tree_put_string(build, variable, "name", name);
	tree_put(build, variable, "valueFrom", from);
	return variable;
}

/* runAsUser of a container: its own, or the pod's; -1 when neither says. */
static long user_of(const struct plan *plan, struct json_object *container)
{
	struct json_object *own = tree_get(tree_get(container, "securityContext"), "runAsUser");
	struct json_object *pod = tree_get(tree_get(plan->spec, "securityContext"), "runAsUser");
	struct json_object *uid = own ? own : pod;

	return json_object_is_type(uid, json_type_int) ? (long)json_object_get_int64(uid) : -1;
}

long ours_uid(const struct plan *plan)
{
	long shared = -1;
	size_t i;

	for (i = 0; i < plan->count; i++) {
		long uid = user_of(plan, plan->containers[i].spec);

		if (uid <= 0 || uid > INT_MAX || (shared >= 0 && uid != shared))
			return OURS_UID;
		shared = uid;
	}
	return shared > 0 ? shared : OURS_UID;
}

static struct json_object *security(const struct plan *plan, struct tree_build *build)
{
	static const char *const all[] = {"ALL"};
	struct json_object *security = tree_new_object(build), *part = tree_new_object(build);
	long uid = ours_uid(plan);

	tree_put(build, part, "drop", tree_new_strings(build, all, 1));
	tree_put(build, security, "allowPrivilegeEscalation", tree_new_bool(build, false));
	tree_put(build, security, "capabilities", part);
	tree_put(build, security, "privileged", tree_new_bool(build, false));
	tree_put(build, security, "readOnlyRootFilesystem", tree_new_bool(build, true));
	tree_put(build, security, "runAsGroup", tree_new_int(build, OURS_UID));
	tree_put(build, security, "runAsNonRoot", tree_new_bool(build, true));
	tree_put(build, security, "runAsUser", tree_new_int(build, (int)uid));
	part = tree_new_object(build);
	tree_put_string(build, part, "type", "RuntimeDefault");
	tree_put(build, security, "seccompProfile", part);
	return security;
}

static struct json_object *container(const struct plan *plan, const char *name,
                                     const struct amounts *amounts, struct tree_build *build)
{
	struct json_object *out = tree_new_object(build);

	tree_put_string(build, out, "name", name);
	tree_put_string(build, out, "image", plan->policy->image.reference);
	tree_put_string(build, out, "imagePullPolicy", plan->policy->image.pull_policy);
	tree_put(build, out, "resources", amounts_json(amounts, build));
	tree_put(build, out, "securityContext", security(plan, build));
	return out;
}

struct json_object *ours_install(const struct plan *plan, struct tree_build *build)
{
	static const char *const command[] = {CONTRACT_IMAGE_PROGRAM, "install", CONTRACT_DIR};
	struct json_object *out =
	        container(plan, CONTRACT_INSTALL_CONTAINER, &plan->ours.install, build);
	struct json_object *mounts = tree_new_list(build);

	tree_put(build, out, "command", tree_new_strings(build, command, 3));
	tree_push(build, mounts, ours_mount(CONTRACT_VOLUME, CONTRACT_DIR, NULL, false, build));
	tree_push(build, mounts,
	          ours_mount(CONTRACT_NO_TOKEN_VOLUME, CONTRACT_TOKEN_DIR, NULL, true, build));
	tree_put(build, out, "volumeMounts", mounts);
	return out;
}

/* The owner that `kubectl` users think of: a Deployment, not its ReplicaSet. */
static struct json_object *owner_of(const struct plan *plan)
{
	struct json_object *owners = tree_list(plan->metadata, "ownerReferences");

	for (size_t i = 0; i < tree_count(owners); i++)
		if (tree_true(tree_at(owners, i), "controller"))
			return tree_at(owners, i);
	return tree_at(owners, 0);
}

static void workload_of(const struct plan *plan, char out[WORKLOAD_MAX])
{
	struct json_object *owner = owner_of(plan);
	const char *kind = tree_string(owner, "kind"), *name = tree_string(owner, "name");
	const char *hash = tree_string(tree_get(plan->metadata, "labels"), "pod-template-hash");
	size_t name_len = name ? strlen(name) : 0, hash_len = hash ? strlen(hash) : 0;

	if (plan->context->workload) {
		snprintf(out, WORKLOAD_MAX, "%s", plan->context->workload);
	} else if (!kind || !name) {
		/* A pod of its own: its name may not be known yet. */
		snprintf(out, WORKLOAD_MAX, "Pod/$(%s)", CONTRACT_ENV_POD);
	} else if (strcmp(kind, "ReplicaSet") == 0 && hash_len && name_len > hash_len + 1 &&
	           name[name_len - hash_len - 1] == '-' &&
	           strcmp(name + name_len - hash_len, hash) == 0) {
		snprintf(out, WORKLOAD_MAX, "Deployment/%.*s", (int)(name_len - hash_len - 1),
		         name);
	} else {
		snprintf(out, WORKLOAD_MAX, "%.300s/%.300s", kind, name);
	}
	/* What the caller or the owner says is text, not a reference to a variable. */
	for (char *c = out; (plan->context->workload || (kind && name)) && *c; c++)
		if (*c == '$')
			*c = '?';
}

/* Append `text` to the `len` bytes in `out`: each '$' doubled, because the kubelet expands $(NAME),
 * and what separates entries and fields replaced, which no valid name or image has. */
static size_t append(char *out, size_t len, const char *text)
{
	for (; *text; text++) {
		if (*text == '$')
			out[len++] = '$';
		out[len++] =
		        *text == ';' || *text == ' ' || (*text > 0 && *text < ' ') ? '?' : *text;
	}
	return len;
}

static const char *kind_of(const struct plan_container *c)
{
	return c->sidecar ? "sidecar" : c->init ? "init" : "main";
}

static const char *image_of(const struct plan_container *c)
{
	const char *image = tree_string(c->spec, "image");

	return image && *image ? image : "-";
}

struct json_object *ours_containers(const struct plan *plan, struct tree_build *build)
{
	struct json_object *out;
	size_t cap = 1, len = 0;
	char *text;

	for (size_t i = 0; i < plan->count; i++)
		cap += 2 * (strlen(plan->containers[i].name) +
		            strlen(image_of(&plan->containers[i]))) +
		       64;
	text = malloc(cap);
	if (!text) {
		build->failed = true;
		return NULL;
	}
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_container *c = &plan->containers[i];

		if (i)
			text[len++] = ';';
		len = append(text, len, c->name);
		text[len++] = ' ';
		len = append(text, len, kind_of(c));
		text[len++] = ' ';
		if (!c->covered)
			text[len++] = '!';
		len = append(text, len, c->covered ? c->how : c->reason);
		text[len++] = ' ';
		len = append(text, len, image_of(c));
	}
	text[len] = '\0';
	out = tree_new_string(build, text);
	free(text);
	return out;
}

static struct json_object *agent_environment(const struct plan *plan, struct tree_build *build)
{
	const struct policy *policy = plan->policy;
	struct json_object *env = tree_new_list(build), *containers = tree_new_object(build);
	char workload[WORKLOAD_MAX], seconds[16], events[32];

	workload_of(plan, workload);
	snprintf(seconds, sizeof(seconds), "%d", policy->agent.heartbeat_seconds);
	snprintf(events, sizeof(events), "%s%s%s", policy->agent.events_process ? "process," : "",
	         policy->agent.events_file ? "file," : "",
	         policy->agent.events_network ? "network," : "");
	if (*events)
		events[strlen(events) - 1] = '\0';
	tree_push(build, env, field_variable(CONTRACT_ENV_NAMESPACE, "metadata.namespace", build));
	tree_push(build, env, field_variable(CONTRACT_ENV_POD, "metadata.name", build));
	tree_push(build, env, field_variable(CONTRACT_ENV_NODE, "spec.nodeName", build));
	tree_push(build, env, ours_variable(CONTRACT_ENV_WORKLOAD, workload, build));
	tree_put_string(build, containers, "name", CONTRACT_ENV_CONTAINERS);
	tree_put(build, containers, "value", ours_containers(plan, build));
	tree_push(build, env, containers);
	tree_push(build, env,
	          ours_variable(CONTRACT_ENV_RESTART_POLICY, plan->restart_policy, build));
	tree_push(build, env, ours_variable(CONTRACT_ENV_HEARTBEAT, seconds, build));
	tree_push(build, env, ours_variable(CONTRACT_ENV_EVENTS, events, build));
	return env;
}

struct json_object *ours_agent(const struct plan *plan, bool spool, struct tree_build *build)
{
	static const char *const command[] = {
	        CONTRACT_IMAGE_PROGRAM, "run", "--restart", "--", CONTRACT_IMAGE_AGENT,
	        CONTRACT_AGENT_STAY};
	/* The kubelet starts a sidecar again that ends before it is told to. */
	size_t words = plan->as_sidecar ? 6 : 5;
	struct json_object *out =
	        container(plan, CONTRACT_AGENT_CONTAINER, &plan->ours.agent, build);
	struct json_object *mounts = tree_new_list(build);

	tree_put(build, out, "command", tree_new_strings(build, command, words));
	tree_put(build, out, "env", agent_environment(plan, build));
	if (plan->as_sidecar)
		tree_put_string(build, out, "restartPolicy", "Always");
	tree_push(build, mounts,
	          ours_mount(CONTRACT_NO_TOKEN_VOLUME, CONTRACT_TOKEN_DIR, NULL, true, build));
	if (spool)
		tree_push(build, mounts,
		          ours_mount(CONTRACT_SPOOL_VOLUME, CONTRACT_SPOOL_DIR, NULL, true, build));
	tree_put(build, out, "volumeMounts", mounts);
	return out;
}
