/* review.c - answer one AdmissionReview as the server would, to the byte. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/ctl/input.h"
#include "webhook/ctl/options.h"
#include "webhook/ctl/output.h"
#include "webhook/ctl/settings.h"
#include "webhook/ctl/verb.h"
#include "webhook/mutate/review.h"

static int say_namespace(void *ctx, const char *namespace, struct review_namespace *out)
{
	const struct options *options = ctx;

	(void)namespace;
	snprintf(out->inject, sizeof(out->inject), "%s", options->namespace_inject);
	snprintf(out->pid1, sizeof(out->pid1), "%s", options->namespace_pid1);
	return 0;
}

/* Where a person finds the first byte that is no JSON; 1:1 when all of it is. */
static void find_place(const struct input_file *file, size_t *out_line, size_t *out_column)
{
	struct json_tokener *tokener = json_tokener_new_ex(REVIEW_DEPTH_MAX);
	size_t end = 0;

	*out_line = *out_column = 1;
	if (!tokener)
		return;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	json_object_put(json_tokener_parse_ex(tokener, file->bytes, (int)file->len));
	if (json_tokener_get_error(tokener) != json_tokener_success)
		end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	for (size_t i = 0; i < end; i++) {
		*out_column = file->bytes[i] == '\n' ? 1 : *out_column + 1;
		*out_line += file->bytes[i] == '\n';
	}
}

enum exits verb_review(const struct options *options, const struct input *input,
                       struct output *output)
{
	CLEANUP(policy_done) struct policy policy = {0};
	CLEANUP(mem_freep) char *body = NULL;
	struct options asked = *options;
	struct review_world world = {.native_sidecars = options->native_sidecars,
	                             .namespace = say_namespace,
	                             .ctx = &asked};
	struct review_outcome outcome;
	struct err err = {0};
	size_t len;
	enum exits status;

	if (input->count != 1) {
		exits_say("review answers one request, not %zu; see farguardctl help review",
		          input->count);
		return EXITS_USAGE;
	}
	status = settings_load(options->config, &policy);
	if (status != EXITS_DONE)
		return status;
	if (review_answer(&policy, &world, input->files[0].bytes, input->files[0].len, &body, &len,
	                  &outcome, &err) < 0) {
		size_t line, column;

		find_place(&input->files[0], &line, &column);
		err_wrap(&err, "%.150s:%zu:%zu", input->files[0].name, line, column);
		return exits_of(&err);
	}
	output_add(output, body, len);
	/* The server's body ends without a line feed; a person's prompt wants one. */
	if (isatty(STDOUT_FILENO))
		output_text(output, "\n");
	return EXITS_DONE;
}
