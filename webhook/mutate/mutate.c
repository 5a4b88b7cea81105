#include "webhook/mutate/mutate.h"

#include <stdlib.h>

#include "injector/base/own.h"
#include "webhook/mutate/decide.h"

void mutate_pod(const struct policy *policy, const struct mutate_context *context,
                struct json_object *pod, struct mutate_result *out)
{
	CLEANUP(ops_done) struct ops ops = {0};

	decide_pod(policy, context, pod, &ops, out);
	out->patch = ops_json(&ops);
	if (!out->patch) {
		out->reason = REASON_INTERNAL_ERROR;
		tree_putp(&out->status);
		out->patch = json_object_new_array();
	}
}

static void strings_free(char **strings)
{
	for (char **at = strings; at && *at; at++)
		free(*at);
	free(strings);
}

void mutate_image_done(struct mutate_image *image)
{
	strings_free(image->entrypoint);
	strings_free(image->cmd);
	*image = (struct mutate_image){0};
}

void mutate_result_done(struct mutate_result *result)
{
	json_object_put(result->patch);
	json_object_put(result->status);
	json_object_put(result->warnings);
	*result = (struct mutate_result){0};
}
