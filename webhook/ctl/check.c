/* check.c - what a cluster runs unguarded: the webhook's own decision against what the specs say.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/ctl/cluster.h"
#include "webhook/ctl/findings.h"
#include "webhook/ctl/options.h"
#include "webhook/ctl/output.h"
#include "webhook/ctl/page.h"
#include "webhook/ctl/scopes.h"
#include "webhook/ctl/twins.h"
#include "webhook/ctl/verb.h"
#include "webhook/kube/api.h"
#include "webhook/kube/pages.h"
#include "webhook/mutate/judge.h"
#include "webhook/mutate/tree.h"

struct check {
	struct cluster *cluster;
	const struct policy *policy;
	struct scopes scopes;
	struct findings findings;
	size_t pods, unguarded; /* that should be guarded, and of them those with a finding */
	struct judge judge, again;
	struct twins twins;
};

/* Pods that ended, or are about to, are as they are. */
static bool is_over(struct json_object *pod)
{
	const char *phase = tree_string(tree_object(pod, "status"), "phase");

	return tree_get(tree_object(pod, "metadata"), "deletionTimestamp") ||
	       (phase && (strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0));
}

/* Whether the pod's owner asked for what it did not get. */
static bool is_denied(const struct judge *judge)
{
	return judge->is_wanted && judge->reason != REASON_INJECTED &&
	       judge->reason != REASON_ALREADY_INJECTED && judge->reason != REASON_NOT_FARGATE &&
	       judge->reason != REASON_NO_CONTAINER_SELECTED;
}

/* Whether a container should be guarded: not when somebody chose that each should not. */
static bool has_any(const struct judge *judge)
{
	for (size_t i = 0; i < judge->count; i++)
		if (!judge->containers[i].is_chosen)
			return true;
	return false;
}

static void add(struct check *check, const struct judge *judge, struct json_object *metadata,
                const char *container, const char *reason)
{
	const char *namespace = tree_string(metadata, "namespace");
	const char *name = tree_string(metadata, "name");
	struct finding finding = {.namespace = (char *)(uintptr_t) namespace,
	                          .pod = (char *)(uintptr_t)name,
	                          .container = (char *)(uintptr_t)container,
	                          .workload = (char *)(uintptr_t)judge->workload,
	                          .reason = reason};

	findings_add(&check->findings, &finding);
}

/* What stands against the pod as a whole stands against each of its containers. */
static void add_all(struct check *check, struct json_object *pod)
{
	struct json_object *list = tree_list(tree_object(pod, "spec"), "containers");
	const char *reason = reason_name(check->judge.reason);

	for (size_t i = 0; i < tree_count(list); i++) {
		const char *name = tree_string(tree_at(list, i), "name");

		add(check, &check->judge, tree_object(pod, "metadata"), name ? name : "", reason);
	}
}

/* A LimitRange or a quota may be why it was let alone: then to restart it does not help. */
static const char *why_not_injected(struct check *check, struct mutate_context *context,
                                    struct scope *scope, struct json_object *pod)
{
	struct err ignored = {0};

	/* Whoever may not read them does without: the reason is less exact then. */
	if (!scope || scope_ask(scope, check->cluster->http, &ignored) < 0)
		return JUDGE_STARTED_BEFORE;
	context->limit_ranges = scope->limit_ranges;
	context->quotas = scope->quotas;
	judge_pod(check->policy, context, pod, &check->again);
	return check->again.reason == REASON_INJECTED ? JUDGE_STARTED_BEFORE
	                                              : reason_name(check->again.reason);
}

static void add_containers(struct check *check, struct mutate_context *context, struct scope *scope,
                           struct json_object *pod)
{
	const struct judge *judge = &check->judge;
	struct json_object *metadata = tree_object(pod, "metadata");
	const char *reason = judge->reason == REASON_INJECTED
	                             ? why_not_injected(check, context, scope, pod)
	                             : NULL;

	for (size_t i = 0; i < judge->count; i++) {
		const struct judge_container *c = &judge->containers[i];

		if (c->is_guarded || c->is_chosen)
			continue;
		add(check, judge, metadata, c->name,
		    reason && strcmp(c->reason, JUDGE_STARTED_BEFORE) == 0 ? reason : c->reason);
	}
}

static int on_pod(void *ctx, struct json_object *pod)
{
	struct check *check = ctx;
	struct json_object *metadata = tree_object(pod, "metadata");
	const char *namespace = tree_string(metadata, "namespace");
	struct scope *scope = namespace ? scopes_find(&check->scopes, namespace) : NULL;
	struct mutate_context context = {.namespace = namespace,
	                                 .namespace_inject = scope ? scope->inject : NULL,
	                                 .namespace_pid1 = scope ? scope->pid1 : NULL,
	                                 .native_sidecars = check->cluster->native_sidecars};
	size_t before = check->findings.count;

	if (!namespace || !tree_string(metadata, "name"))
		return -EPROTO;
	if (is_over(pod))
		return 0;
	judge_pod(check->policy, &context, pod, &check->judge);
	if (is_denied(&check->judge))
		add_all(check, pod);
	else if (has_any(&check->judge))
		add_containers(check, &context, scope, pod);
	check->pods += is_denied(&check->judge) || has_any(&check->judge);
	check->unguarded += check->findings.count > before;
	return check->findings.failed ? -ENOMEM : 0;
}

static void on_restart(void *ctx)
{
	struct check *check = ctx;

	findings_done(&check->findings);
	check->pods = check->unguarded = 0;
}

static enum exits read_scopes(struct check *check, const struct options *options)
{
	const char *only = options->namespace;
	struct err err = {0};
	int r = scopes_read(&check->scopes, check->cluster->http, only, &err);

	if (r == 0)
		scopes_suppose(&check->scopes,
		               options->has_namespace_inject ? options->namespace_inject : NULL,
		               options->has_namespace_pid1 ? options->namespace_pid1 : NULL);
	if (r == 0)
		return EXITS_DONE;
	if (r == -ENOENT && only) {
		exits_say("the cluster has no namespace \"%.100s\"", only);
		return EXITS_INPUT;
	}
	if (r == -EACCES && !only)
		err_wrap(&err, "the namespaces cannot be listed, look at one by -n NAME");
	return cluster_failed(&err);
}

static enum exits read_pods(struct check *check, const char *only)
{
	char path[300] = "/api/v1/pods";
	struct pages pages = {path, on_pod, on_restart, check};
	struct err err = {0};

	if (only)
		snprintf(path, sizeof(path), "/api/v1/namespaces/%.253s/pods", only);
	return pages_read(check->cluster->http, &pages, &err) < 0 ? cluster_failed(&err)
	                                                          : EXITS_DONE;
}

static void tell_sum(const struct check *check, const struct options *options, struct page *page)
{
	size_t found = check->findings.count;

	if (options->dry_run && found)
		page_say(page, PAGE_BAD,
		         "%zu of %zu workloads would be refused, or left alone, only "
		         "because of Farguard:",
		         found, check->twins.tried);
	else if (options->dry_run && !check->twins.tried)
		page_say(
		        page, PAGE_WARN,
		        "no workload would be injected; to try as if the namespaces were opted in: "
		        "--namespace-annotation farguard.io/inject=enabled");
	else if (options->dry_run)
		page_say(page, PAGE_GOOD,
		         "none of %zu workloads would be refused because of Farguard",
		         check->twins.tried);
	else if (found)
		page_say(page, PAGE_BAD,
		         "%zu of %zu pods that should be guarded are not, or not whole:",
		         check->unguarded, check->pods);
	else if (check->pods)
		page_say(page, PAGE_GOOD, "all %zu pods that should be guarded are", check->pods);
	else
		page_say(page, PAGE_WARN,
		         "no pod should be guarded: opt a namespace in by kubectl "
		         "annotate namespace NAME farguard.io/inject=enabled");
	page_end_line(page);
}

static void tell(const struct check *check, const struct options *options, struct output *output)
{
	CLEANUP(page_done)
	struct page page = {.output = output, .colored = options_wants_color(options)};

	if (options->format == OPTIONS_JSON) {
		findings_json(&check->findings, options->dry_run, output);
		return;
	}
	tell_sum(check, options, &page);
	findings_text(&check->findings, options->dry_run, &page);
}

static enum exits run(struct check *check, const struct options *options)
{
	struct err err = {0};
	enum exits status = read_scopes(check, options);

	if (status != EXITS_DONE)
		return status;
	if (!options->dry_run)
		return read_pods(check, options->namespace);
	check->twins = (struct twins){.http = check->cluster->http,
	                              .policy = check->policy,
	                              .scopes = &check->scopes,
	                              .native_sidecars = check->cluster->native_sidecars,
	                              .only = options->namespace,
	                              .findings = &check->findings};
	return twins_try(&check->twins, &err) < 0 ? cluster_failed(&err) : EXITS_DONE;
}

enum exits verb_check(const struct options *options, const struct input *input,
                      struct output *output)
{
	CLEANUP(policy_done) struct policy policy = {0};
	CLEANUP(cluster_close) struct cluster cluster = {0};
	static struct check check; /* too large for a stack */
	enum exits status;

	(void)input;
	if (options->namespace && !api_is_name(options->namespace)) {
		exits_say("\"%.100s\" is no name of a namespace", options->namespace);
		return EXITS_USAGE;
	}
	check = (struct check){.cluster = &cluster, .policy = &policy};
	status = cluster_open(&cluster, options);
	if (status == EXITS_DONE)
		status = cluster_policy(&cluster, options, &policy);
	if (status == EXITS_DONE)
		status = run(&check, options);
	if (status == EXITS_DONE) {
		tell(&check, options, output);
		status = check.findings.count ? EXITS_FOUND : EXITS_DONE;
	}
	findings_done(&check.findings);
	scopes_done(&check.scopes);
	return status;
}
