/* inject.c - inject and uninject: the webhook's own patch, applied to what a file says. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/ctl/defaults.h"
#include "webhook/ctl/input.h"
#include "webhook/ctl/options.h"
#include "webhook/ctl/output.h"
#include "webhook/ctl/settings.h"
#include "webhook/ctl/surroundings.h"
#include "webhook/ctl/verb.h"
#include "webhook/ecs/ecs.h"
#include "webhook/manifest/manifest.h"
#include "webhook/mutate/mutate.h"
#include "webhook/mutate/tree.h"

#define WARNING_PREFIX "farguard: "
#define NOT_REGISTERED                                                                             \
	"register-task-definition takes the definition alone, without taskDefinitionArn, "         \
	"revision, status, requiresAttributes, compatibilities, registeredAt and registeredBy"

/* One run of either verb over all files. */
struct pass {
	const struct options *options;
	const struct policy *policy; /* NULL: take out instead of putting in */
	struct surroundings surroundings;
	struct output *output;
	enum manifest_format last; /* what was printed before; MANIFEST_AS_READ: nothing yet */
};

/* One item: what is done to it, and why. */
struct work {
	const char *file;
	const struct manifest *manifest;
	size_t index;
	const struct manifest_item *item;
	const char *reason;
	struct json_object *patch; /* relative to the item; owned */
};

static void manifest_freep(struct manifest **manifest)
{
	if (*manifest)
		manifest_free(*manifest);
}

static const char *namespace_of(const struct pass *pass, const struct manifest_item *item)
{
	if (*item->namespace || !pass->options->namespace || item->task)
		return item->namespace;
	return pass->options->namespace;
}

/* "FILE:LINE:COLUMN: Kind/name: WORD: ...", the way every remark about an item begins. */
static void remark(const struct work *work, const char *word, const char *text, const char *detail)
{
	const struct manifest_item *item = work->item;

	exits_say("%.150s:%zu:%zu: %.60s%s%.100s: %s%s%s%s%.160s", work->file, item->line,
	          item->column, *item->kind ? item->kind : "object", *item->name ? "/" : "",
	          item->name, word, *word ? ": " : "", text, *detail ? ": " : "", detail);
}

static void warn(const struct work *work, struct json_object *warnings)
{
	size_t word = strlen(work->reason);

	for (size_t i = 0; i < json_object_array_length(warnings); i++) {
		const char *text = json_object_get_string(json_object_array_get_idx(warnings, i));

		if (strncmp(text, WARNING_PREFIX, strlen(WARNING_PREFIX)) == 0)
			text += strlen(WARNING_PREFIX);
		/* The reason itself is said once. */
		if (strncmp(text, work->reason, word) != 0 || text[word] != ':')
			remark(work, "", text, "");
	}
}

/* Take over `patch`, relative to the pod.  NULL is "without memory". */
static enum exits lift(struct work *work, struct json_object *patch)
{
	work->patch = patch ? manifest_lift(work->item, patch) : NULL;
	json_object_put(patch);
	if (work->patch)
		return EXITS_DONE;
	exits_say("out of memory");
	return EXITS_INTERNAL;
}

/* What is no workload, or has no pod where one belongs, is passed on. */
static bool has_pod(struct work *work)
{
	enum reason reason = work->item->is_workload ? REASON_MALFORMED : REASON_UNSUPPORTED_KIND;

	if (work->item->is_workload && work->item->pod)
		return true;
	work->reason = reason_name(reason);
	remark(work, work->reason, reason_text(reason), "");
	return false;
}

static enum exits done(struct work *work, struct mutate_result *result)
{
	bool is_in = result->reason == REASON_INJECTED || result->reason == REASON_REPAIRED;
	const char *text = reason_text(result->reason), *detail = result->detail;

	work->reason = reason_name(result->reason);
	warn(work, result->warnings);
	/* The sentences speak of pods. */
	if (work->item->task && *detail)
		text = detail, detail = "";
	if (!is_in)
		remark(work, work->reason, text, detail);
	if (result->reason == REASON_INTERNAL_ERROR)
		return EXITS_INTERNAL;
	return lift(work, TAKE(result->patch));
}

static enum exits put_in_task(const struct pass *pass, struct work *work)
{
	CLEANUP(mutate_result_done) struct mutate_result result = {0};
	enum exits status;

	ecs_inject(pass->policy, pass->options->namespace_inject, work->item->task, &result);
	status = done(work, &result);
	if (result.reason == REASON_INJECTED && ecs_is_described(work->item->task))
		remark(work, "", NOT_REGISTERED, "");
	return status;
}

static enum exits put_in(const struct pass *pass, struct work *work)
{
	CLEANUP(mutate_result_done) struct mutate_result result = {0};
	CLEANUP(tree_putp) struct json_object *pod = NULL;
	const char *inject = pass->options->namespace_inject;
	const char *namespace = namespace_of(pass, work->item);
	struct mutate_context context = {
	        .namespace = namespace,
	        .namespace_inject = *inject ? inject : NULL,
	        .namespace_pid1 = pass->options->has_namespace_pid1
	                                  ? pass->options->namespace_pid1
	                                  : surroundings_pid1(&pass->surroundings, namespace),
	        .workload = manifest_workload(work->manifest, work->index),
	        .native_sidecars = pass->options->native_sidecars,
	        .is_template = work->item->is_template,
	        .limit_ranges = surroundings_limit_ranges(&pass->surroundings, namespace),
	        .quotas = surroundings_quotas(&pass->surroundings, namespace),
	};

	if (work->item->task)
		return put_in_task(pass, work);
	if (!has_pod(work))
		return EXITS_DONE;
	/* Decided as in the cluster; no operation touches what a LimitRange defaults. */
	pod = defaults_of(work->item->pod, context.limit_ranges);
	if (!pod)
		return lift(work, NULL);
	mutate_pod(pass->policy, &context, pod, &result);
	return done(work, &result);
}

static enum exits take_out(struct work *work)
{
	struct json_object *task = work->item->task, *patch;

	if (!task && !has_pod(work))
		return EXITS_DONE;
	patch = task ? ecs_undo(task) : mutate_undo(work->item->pod);
	work->reason = "uninjected";
	if (tree_count(patch) == 0 && patch) {
		work->reason = "not-injected";
		remark(work, work->reason,
		       task ? "Farguard is not in the task" : "Farguard is not in the pod", "");
	}
	return lift(work, patch);
}

/* {"kind","namespace","name","reason","patch"} as one line. */
static void print_patch(const struct pass *pass, const struct work *work)
{
	struct tree_build build = {0};
	CLEANUP(tree_putp) struct json_object *line = tree_new_object(&build);
	const char *text;

	tree_put_string(&build, line, "kind", work->item->kind);
	tree_put_string(&build, line, "namespace", namespace_of(pass, work->item));
	tree_put_string(&build, line, "name", work->item->name);
	tree_put_string(&build, line, "reason", work->reason);
	tree_put(&build, line, "patch",
	         work->patch ? json_object_get(work->patch) : tree_new_list(&build));
	text = build.failed
	               ? NULL
	               : json_object_to_json_string_ext(
	                         line, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text) {
		pass->output->failed = true;
		return;
	}
	output_text(pass->output, text);
	output_text(pass->output, "\n");
}

static enum exits do_item(const struct pass *pass, const char *file, struct manifest *manifest,
                          size_t index)
{
	struct work work = {file, manifest, index, manifest_item(manifest, index), NULL, NULL};
	enum exits status = pass->policy ? put_in(pass, &work) : take_out(&work);
	struct err err = {0};

	if (status == EXITS_DONE && pass->options->format == OPTIONS_PATCH) {
		print_patch(pass, &work);
	} else if (status == EXITS_DONE && tree_count(work.patch) > 0 &&
	           manifest_apply(manifest, index, work.patch, &err) < 0) {
		/* The pod took the patch: the fault is ours. */
		exits_say("%s", err.text);
		status = EXITS_INTERNAL;
	}
	json_object_put(work.patch);
	return status;
}

static enum exits print(struct pass *pass, const struct manifest *manifest)
{
	static const enum manifest_format formats[] = {
	        [OPTIONS_AS_GIVEN] = MANIFEST_AS_READ,
	        [OPTIONS_YAML] = MANIFEST_YAML,
	        [OPTIONS_JSON] = MANIFEST_JSON,
	};
	enum manifest_format format = formats[pass->options->format];
	CLEANUP(mem_freep) char *text = NULL;
	struct output *output = pass->output;
	struct err err = {0};
	size_t len;

	if (format == MANIFEST_AS_READ)
		format = manifest_format(manifest);
	if (manifest_print(manifest, format, pass->last != MANIFEST_YAML, &text, &len, &err) < 0)
		return exits_of(&err);
	if (len == 0)
		return EXITS_DONE;
	if (output->len && output->bytes[output->len - 1] != '\n')
		output_text(output, "\n");
	/* Where a file of one format follows the other, manifest_print() has put no line. */
	if (pass->last != MANIFEST_AS_READ && pass->last != format)
		output_text(output,
		            format == MANIFEST_JSON || len < 3 || memcmp(text, "---", 3) != 0
		                    ? "---\n"
		                    : "");
	output_add(output, text, len);
	pass->last = format;
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
	if (status == EXITS_DONE && pass->options->format != OPTIONS_PATCH)
		status = print(pass, manifest);
	return status;
}

static enum exits do_files(struct pass *pass, const struct input *input)
{
	enum exits status = EXITS_DONE;

	for (size_t i = 0; i < input->count && status == EXITS_DONE; i++)
		status = do_file(pass, &input->files[i]);
	return status;
}

enum exits verb_inject(const struct options *options, const struct input *input,
                       struct output *output)
{
	CLEANUP(policy_done) struct policy policy = {0};
	struct pass pass = {.options = options, .policy = &policy, .output = output};
	enum exits status = settings_load(options->config, &policy);
	struct err err = {0};

	if (status != EXITS_DONE)
		return status;
	if (surroundings_read(&pass.surroundings, options, input, &err) < 0)
		status = exits_of(&err);
	else
		status = do_files(&pass, input);
	surroundings_done(&pass.surroundings);
	return status;
}

enum exits verb_uninject(const struct options *options, const struct input *input,
                         struct output *output)
{
	struct pass pass = {.options = options, .output = output};

	return do_files(&pass, input);
}
