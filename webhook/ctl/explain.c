/* explain.c - whether each workload is guarded, why, how, and what it costs. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/ctl/defaults.h"
#include "webhook/ctl/explain_task.h"
#include "webhook/ctl/explained.h"
#include "webhook/ctl/input.h"
#include "webhook/ctl/options.h"
#include "webhook/ctl/output.h"
#include "webhook/ctl/page.h"
#include "webhook/ctl/settings.h"
#include "webhook/ctl/surroundings.h"
#include "webhook/ctl/verb.h"
#include "webhook/manifest/manifest.h"
#include "webhook/mutate/tree.h"

struct pass {
	const struct options *options;
	const struct policy *policy;
	struct surroundings surroundings;
	struct page page;
	size_t workloads, guarded, others;
};

static void manifest_freep(struct manifest **manifest)
{
	manifest_free(*manifest);
}

/* What the namespace says: the option, else its document, else that it is opted in. */
static void ask_namespace(const struct pass *pass, struct explained *e)
{
	e->inject = pass->options->namespace_inject;
	e->inject_from = pass->options->has_namespace_inject ? "option" : "assumed";
	if (!pass->options->has_namespace_inject)
		(void)surroundings_namespace(&pass->surroundings, e->namespace, &e->inject,
		                             &e->inject_from);
}

static void tell(struct pass *pass, const struct explained *e)
{
	bool is_workload = e->reason != REASON_UNSUPPORTED_KIND;

	pass->workloads += is_workload;
	pass->others += !is_workload;
	pass->guarded += e->explain && e->explain->guarded;
	if (pass->options->format == OPTIONS_JSON)
		explained_json(e, pass->page.output);
	else
		explained_text(e, &pass->page);
}

static enum exits do_item(struct pass *pass, const char *file, const struct manifest *manifest,
                          size_t index)
{
	CLEANUP(explain_done) struct explain explain = {0};
	CLEANUP(tree_putp) struct json_object *pod = NULL;
	const struct manifest_item *item = manifest_item(manifest, index);
	const char *given = item->task ? NULL : pass->options->namespace;
	const char *namespace = *item->namespace || !given ? item->namespace : given;
	struct explained e = {.file = file,
	                      .line = item->line,
	                      .kind = item->kind,
	                      .namespace = namespace,
	                      .name = item->name,
	                      .detail = "",
	                      .reason = item->is_workload ? REASON_MALFORMED
	                                                  : REASON_UNSUPPORTED_KIND};
	struct mutate_context context = {
	        .namespace = namespace,
	        .workload = manifest_workload(manifest, index),
	        .native_sidecars = pass->options->native_sidecars,
	        .is_template = item->is_template,
	        .limit_ranges = surroundings_limit_ranges(&pass->surroundings, namespace),
	        .quotas = surroundings_quotas(&pass->surroundings, namespace),
	};

	ask_namespace(pass, &e);
	context.namespace_inject = *e.inject ? e.inject : NULL;
	context.namespace_pid1 = pass->options->has_namespace_pid1
	                                 ? pass->options->namespace_pid1
	                                 : surroundings_pid1(&pass->surroundings, namespace);
	if (item->task) {
		explain_task(pass->policy, context.namespace_inject, item->task, &explain);
		e.explain = &explain;
		e.reason = explain.result.reason;
		e.detail = explain.result.detail;
	} else if (item->is_workload && item->pod) {
		pod = defaults_of(item->pod, context.limit_ranges);
		if (pod)
			explain_pod(pass->policy, &context, pod, &explain);
		e.explain = &explain;
		e.reason = pod ? explain.result.reason : REASON_INTERNAL_ERROR;
		e.detail = explain.result.detail;
	}
	if (e.reason == REASON_INTERNAL_ERROR) {
		exits_say("out of memory");
		return EXITS_INTERNAL;
	}
	tell(pass, &e);
	return EXITS_DONE;
}

static enum exits do_file(struct pass *pass, const struct input_file *file)
{
	CLEANUP(manifest_freep) struct manifest *manifest = NULL;
	enum exits status = EXITS_DONE;
	struct err err = {0};

	if (manifest_parse(file->bytes, file->len, file->name, &manifest, &err) < 0)
		return exits_of(&err);
	for (size_t i = 0; i < manifest_count(manifest) && status == EXITS_DONE; i++)
		status = do_item(pass, file->name, manifest, i);
	return status;
}

static void summary(struct pass *pass)
{
	if (pass->options->format == OPTIONS_JSON)
		return;
	page_say(&pass->page, PAGE_BOLD, "%zu of %zu workload%s guarded", pass->guarded,
	         pass->workloads, pass->workloads == 1 ? " is" : "s are");
	if (pass->others)
		page_say(&pass->page, PAGE_PLAIN, "; %zu document%s no workload", pass->others,
		         pass->others == 1 ? " is" : "s are");
	page_end_line(&pass->page);
}

enum exits verb_explain(const struct options *options, const struct input *input,
                        struct output *output)
{
	CLEANUP(policy_done) struct policy policy = {0};
	struct pass pass = {.options = options,
	                    .policy = &policy,
	                    .page = {.output = output, .colored = options_wants_color(options)}};
	enum exits status = settings_load(options->config, &policy);
	struct err err = {0};

	if (status != EXITS_DONE)
		return status;
	if (surroundings_read(&pass.surroundings, options, input, &err) < 0)
		status = exits_of(&err);
	for (size_t i = 0; i < input->count && status == EXITS_DONE; i++)
		status = do_file(&pass, &input->files[i]);
	if (status == EXITS_DONE)
		summary(&pass);
	page_done(&pass.page);
	surroundings_done(&pass.surroundings);
	return status;
}
