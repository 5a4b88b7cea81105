#include "webhook/ctl/twins.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/ctl/exits.h"
#include "webhook/ctl/findings.h"
#include "webhook/ctl/scopes.h"
#include "webhook/http/http.h"
#include "webhook/kube/api.h"
#include "webhook/kube/json.h"
#include "webhook/kube/pages.h"
#include "webhook/mutate/mutate.h"
#include "webhook/mutate/tree.h"
#include "webhook/mutate/words.h"

#define PATH_MAX_BYTES    512
#define MESSAGE_MAX_BYTES 1024

/* The kinds whose pods are not another's of these. */
static const struct kind {
	const char *name, *group, *resource;
	bool is_cron;
} kinds[] = {
        {"Deployment", "/apis/apps/v1", "deployments", false},
        {"StatefulSet", "/apis/apps/v1", "statefulsets", false},
        {"DaemonSet", "/apis/apps/v1", "daemonsets", false},
        {"ReplicaSet", "/apis/apps/v1", "replicasets", false},
        {"ReplicationController", "/api/v1", "replicationcontrollers", false},
        {"Job", "/apis/batch/v1", "jobs", false},
        {"CronJob", "/apis/batch/v1", "cronjobs", true},
};

struct pass {
	struct twins *twins;
	const struct kind *kind;
	struct err *err;
	size_t found_before, tried_before; /* what a list that begins anew goes back to */
};

/* One workload. */
struct trial {
	const struct twins *twins;
	const char *namespace;
	char workload[320];
	char message[MESSAGE_MAX_BYTES]; /* what the API server said last */
};

const char *twins_reason(const char *message)
{
	/* plugin/pkg/admission/{resourcequota,limitranger} of Kubernetes. */
	if (strstr(message, "exceeded quota: ") || strstr(message, "failed quota: "))
		return reason_name(REASON_QUOTA);
	if (strstr(message, " usage per ") || strstr(message, " ratio per "))
		return reason_name(REASON_LIMIT_RANGE);
	return TWINS_REFUSED;
}

static bool has_controller(struct json_object *metadata)
{
	struct json_object *owners = tree_list(metadata, "ownerReferences");

	for (size_t i = 0; i < tree_count(owners); i++)
		if (tree_true(tree_at(owners, i), "controller"))
			return true;
	return false;
}

/* A Job that ended makes no more pods. */
static bool is_ended(struct json_object *item)
{
	struct json_object *conditions = tree_list(tree_object(item, "status"), "conditions");

	for (size_t i = 0; i < tree_count(conditions); i++) {
		const char *type = tree_string(tree_at(conditions, i), "type");
		const char *status = tree_string(tree_at(conditions, i), "status");

		if (type && (strcmp(type, "Complete") == 0 || strcmp(type, "Failed") == 0) &&
		    status && strcmp(status, "True") == 0)
			return true;
	}
	return false;
}

/* The pod that a controller would make of the workload's template; NULL without one or memory. */
static struct json_object *make_pod(const struct kind *kind, struct json_object *item,
                                    const char *name)
{
	struct tree_build build = {0};
	struct json_object *spec = tree_object(item, "spec"), *template, *pod, *copy = NULL;
	char prefix[260];

	if (kind->is_cron)
		spec = tree_object(tree_object(spec, "jobTemplate"), "spec");
	template = tree_object(spec, "template");
	if (!template || json_object_deep_copy(template, &copy, NULL) < 0)
		return NULL;
	pod = tree_new_object(&build);
	tree_put_string(&build, pod, "apiVersion", "v1");
	tree_put_string(&build, pod, "kind", "Pod");
	if (!tree_object(copy, "metadata"))
		tree_put(&build, copy, "metadata", tree_new_object(&build));
	snprintf(prefix, sizeof(prefix), "%.240s-", name);
	tree_put_string(&build, tree_object(copy, "metadata"), "generateName", prefix);
	json_object_object_del(tree_object(copy, "metadata"), "name");
	json_object_object_del(tree_object(copy, "metadata"), "namespace");
	tree_put(&build, pod, "metadata", json_object_get(tree_get(copy, "metadata")));
	tree_put(&build, pod, "spec", json_object_get(tree_get(copy, "spec")));
	json_object_put(copy);
	if (build.failed)
		tree_putp(&pod);
	return pod;
}

/* Without Farguard, and so that the webhook leaves it so. */
static int take_out(const struct twins *twins, struct json_object *pod, struct err *err)
{
	CLEANUP(tree_putp) struct json_object *undo = mutate_undo(pod);
	struct tree_build build = {0};
	struct json_object *metadata = tree_object(pod, "metadata");
	int r = undo ? mutate_apply(pod, undo, err) : err_set(err, ENOMEM, "out of memory");

	if (r < 0)
		return r;
	if (!tree_object(metadata, "annotations"))
		tree_put(&build, metadata, "annotations", tree_new_object(&build));
	tree_put_string(&build, tree_object(metadata, "annotations"), ANNOTATION_INJECT,
	                "disabled");
	/* Where pods have no say, only Farguard's own are left alone. */
	if (!twins->policy->inject.allow_pod_opt_out) {
		if (!tree_object(metadata, "labels"))
			tree_put(&build, metadata, "labels", tree_new_object(&build));
		tree_put_string(&build, tree_object(metadata, "labels"), LABEL_NAME, OUR_NAME);
	}
	return build.failed ? err_set(err, ENOMEM, "out of memory") : 0;
}

/* Ask the API server.  1: accepted; 0: refused, trial->message says why; or -errno. */
static int ask(struct trial *trial, struct json_object *pod, struct err *err)
{
	CLEANUP(http_response_done) struct http_response response = {0};
	CLEANUP(json_putp) struct json_object *status = NULL;
	char path[PATH_MAX_BYTES];
	struct http_request request = {.method = "POST",
	                               .path = path,
	                               .type = "application/json",
	                               .timeout_ms = 2 * API_TIMEOUT_MS};
	const char *message;
	int r;

	snprintf(path, sizeof(path),
	         "/api/v1/namespaces/%.253s/pods?dryRun=All&fieldManager=farguardctl",
	         trial->namespace);
	request.body = json_object_to_json_string_ext(pod, JSON_C_TO_STRING_PLAIN);
	if (!request.body)
		return err_set(err, ENOMEM, "out of memory");
	request.body_len = strlen(request.body);
	r = http_call(trial->twins->http, &request, &response, err);
	if (r < 0)
		return r;
	if (response.status >= 200 && response.status < 300)
		return 1;
	status = json_parse_all(response.body, response.len, API_DEPTH_MAX);
	message = json_member_string(status, "message");
	snprintf(trial->message, sizeof(trial->message), "%s",
	         message ? message : "no reason given");
	if (response.status == 401 || response.status == 429 ||
	    strstr(trial->message, "cannot create resource \"pods\""))
		return err_set(err, EACCES, "POST %.80s: %ld: %.140s", path, response.status,
		               trial->message);
	return 0;
}

static void found(const struct trial *trial, const char *reason, const char *message)
{
	struct finding finding = {.namespace = (char *)(uintptr_t)trial->namespace,
	                          .pod = (char *)"",
	                          .container = (char *)"",
	                          .workload = (char *)(uintptr_t)trial->workload,
	                          .message = (char *)(uintptr_t)message,
	                          .reason = reason};

	findings_add(trial->twins->findings, &finding);
}

/* The webhook itself would let the pod alone: for `reason`, with the API server's words when it
 * refuses the pod that was injected nevertheless. */
static int compare(struct trial *trial, struct json_object *pod, struct mutate_result *result,
                   const char *reason, const char *detail, struct err *err)
{
	CLEANUP(tree_putp) struct json_object *without = NULL;
	char message[MESSAGE_MAX_BYTES + 200];
	const char *word;
	int r;

	if (json_object_deep_copy(pod, &without, NULL) < 0)
		return err_set(err, ENOMEM, "out of memory");
	r = mutate_apply(pod, result->patch, err);
	if (r == 0)
		r = ask(trial, pod, err);
	if (r < 0)
		return r;
	if (r == 1) {
		if (reason)
			found(trial, reason, detail);
		return 0;
	}
	word = reason ? reason : twins_reason(trial->message);
	snprintf(message, sizeof(message), "%.160s%s%s", reason ? detail : "",
	         reason && *detail ? "; the API server: " : "", trial->message);
	r = take_out(trial->twins, without, err);
	if (r == 0)
		r = ask(trial, without, err);
	if (r == 1)
		found(trial, word, message);
	else if (r == 0)
		exits_say("%.63s %.100s cannot be told: it is refused without Farguard too: %.300s",
		          trial->namespace, trial->workload, trial->message);
	return r < 0 ? r : 0;
}

static bool is_bound(enum reason reason)
{
	return reason == REASON_LIMIT_RANGE || reason == REASON_QUOTA;
}

static int try_pod(struct twins *twins, struct trial *trial, struct scope *scope,
                   struct json_object *pod, struct err *err)
{
	CLEANUP(mutate_result_done) struct mutate_result result = {0};
	struct mutate_context context = {.namespace = trial->namespace,
	                                 .namespace_inject = scope->inject,
	                                 .namespace_pid1 = scope->pid1,
	                                 .workload = trial->workload,
	                                 .native_sidecars = twins->native_sidecars,
	                                 .is_template = true};
	const char *reason = NULL;
	char detail[sizeof(result.detail)] = "";
	int r;

	mutate_pod(twins->policy, &context, pod, &result);
	if (result.reason != REASON_INJECTED && result.reason != REASON_REPAIRED &&
	    result.reason != REASON_ALREADY_INJECTED)
		return 0;
	r = scope_ask(scope, twins->http, err);
	if (r < 0)
		return r;
	context.limit_ranges = scope->limit_ranges;
	context.quotas = scope->quotas;
	mutate_result_done(&result);
	mutate_pod(twins->policy, &context, pod, &result);
	if (is_bound(result.reason)) {
		reason = reason_name(result.reason);
		memcpy(detail, result.detail, sizeof(detail));
		context.limit_ranges = context.quotas = NULL;
		mutate_result_done(&result);
		mutate_pod(twins->policy, &context, pod, &result);
	}
	twins->tried++;
	return compare(trial, pod, &result, reason, detail, err);
}

static int on_item(void *ctx, struct json_object *item)
{
	struct pass *pass = ctx;
	struct twins *twins = pass->twins;
	struct json_object *metadata = tree_object(item, "metadata");
	const char *name = tree_string(metadata, "name");
	struct trial trial = {.twins = twins, .namespace = tree_string(metadata, "namespace")};
	struct scope *scope = trial.namespace ? scopes_find(twins->scopes, trial.namespace) : NULL;
	CLEANUP(tree_putp) struct json_object *pod = NULL;
	int r;

	if (!name || !scope || has_controller(metadata) || is_ended(item) ||
	    tree_get(metadata, "deletionTimestamp"))
		return 0;
	snprintf(trial.workload, sizeof(trial.workload), "%s/%.253s", pass->kind->name, name);
	pod = make_pod(pass->kind, item, name);
	if (!pod)
		return 0;
	r = try_pod(twins, &trial, scope, pod, pass->err);
	return r < 0 ? r : twins->findings->failed ? -ENOMEM : 0;
}

static void on_restart(void *ctx)
{
	struct pass *pass = ctx;

	findings_cut(pass->twins->findings, pass->found_before);
	pass->twins->tried = pass->tried_before;
}

int twins_try(struct twins *twins, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds) && r == 0; i++) {
		struct pass pass = {.twins = twins,
		                    .kind = &kinds[i],
		                    .err = err,
		                    .found_before = twins->findings->count,
		                    .tried_before = twins->tried};
		char path[PATH_MAX_BYTES];
		struct pages pages = {path, on_item, on_restart, &pass};

		snprintf(path, sizeof(path), "%s%s%.253s/%s", kinds[i].group,
		         twins->only ? "/namespaces/" : "", twins->only ? twins->only : "",
		         kinds[i].resource);
		r = pages_read(twins->http, &pages, err);
	}
	return r;
}
