#include "webhook/mutate/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/contract.h"
#include "webhook/mutate/wrap.h"

/* Whether what the image is now is what will be pulled. */
static bool is_pinned(struct json_object *container)
{
	const char *image = tree_string(container, "image"), *slash, *tag;
	const char *pull = tree_string(container, "imagePullPolicy");

	if (strstr(image, "@sha256:"))
		return true;
	slash = strrchr(image, '/');
	tag = strchr(slash ? slash : image, ':');
	return tag && strcmp(tag, ":latest") != 0 && (!pull || strcmp(pull, "Always") != 0);
}

static bool may_be_looked_up(const struct plan *plan, const struct plan_container *c)
{
	const char *when = plan->policy->registry.lookup, *image = tree_string(c->spec, "image"),
	           *pull;

	if (!plan->context->image || strcmp(when, "never") == 0 || !image || !*image)
		return false;
	/* Lists that stand there and are empty could not be given back. */
	if (tree_has(c->spec, "command") ||
	    (tree_has(c->spec, "args") && tree_count(tree_list(c->spec, "args")) == 0))
		return false;
	/* What was injected before was looked up then. */
	if (tree_find(tree_list(c->spec, "env"), "name", CONTRACT_ENV_CONTAINER) >= 0)
		return false;
	if (strcmp(when, "always") == 0)
		return true;
	/* What is never pulled is on the node, and its name need not be one of a registry. */
	pull = tree_string(c->spec, "imagePullPolicy");
	return is_pinned(c->spec) && !(pull && strcmp(pull, "Never") == 0);
}

bool image_look_up(const struct plan *plan, struct plan_container *c)
{
	const struct mutate_context *context = plan->context;
	bool has_args = tree_has(c->spec, "args");

	if (!may_be_looked_up(plan, c))
		return false;
	if (context->image(context->image_ctx, context->namespace,
	                   tree_list(plan->spec, "imagePullSecrets"), tree_string(c->spec, "image"),
	                   &c->image) < 0)
		return false;
	c->looked_up = has_args || (c->image.entrypoint && *c->image.entrypoint) ||
	               (c->image.cmd && *c->image.cmd);
	return c->looked_up;
}

bool image_was_looked_up(const struct plan *plan, const struct plan_container *c)
{
	bool in_init = plan->sidecar_agent >= 0;
	long at = in_init ? plan->sidecar_agent : plan->agent;
	struct json_object *agent =
	        at < 0 ? NULL
	               : tree_at(tree_list(plan->spec, in_init ? "initContainers" : "containers"),
	                         (size_t)at);
	struct json_object *env = tree_list(agent, "env");
	long variable = tree_find(env, "name", CONTRACT_ENV_CONTAINERS);
	const char *text =
	        variable < 0 ? NULL : tree_string(tree_at(env, (size_t)variable), "value");
	size_t len = strlen(c->name);

	/* NAME KIND HOW IMAGE;... */
	for (; text; text = strchr(text, ';') ? strchr(text, ';') + 1 : NULL) {
		const char *kind = text + len + 1, *how;

		if (strncmp(text, c->name, len) != 0 || text[len] != ' ')
			continue;
		how = strchr(kind, ' ');
		return how && strncmp(how, " lookup ", 8) == 0;
	}
	return false;
}

/* The kubelet expands $(NAME) in a pod's words, and never in an image's. */
static struct json_object *escaped(struct tree_build *build, const char *word)
{
	struct json_object *out;
	size_t len = 0;
	char *text = malloc(2 * strlen(word) + 1);

	if (!text) {
		build->failed = true;
		return NULL;
	}
	for (; *word; word++) {
		if (*word == '$')
			text[len++] = '$';
		text[len++] = *word;
	}
	text[len] = '\0';
	out = tree_new_string(build, text);
	free(text);
	return out;
}

void image_edit(const struct plan *plan, struct ops *ops, const struct plan_container *c,
                const char *pointer, const char *made)
{
	const char *words[WRAP_WORDS_MAX];
	size_t count = wrap_words(plan_pid1(plan, c), words);
	struct tree_build *build = &ops->build;
	struct json_object *command = tree_new_strings(build, words, count), *args;

	for (char **word = c->image.entrypoint; word && *word; word++)
		tree_push(build, command, escaped(build, *word));
	ops_append(ops, c->spec, pointer, made, "command", command);
	if (tree_has(c->spec, "args"))
		return;
	args = tree_new_list(build);
	for (char **word = c->image.cmd; word && *word; word++)
		tree_push(build, args, escaped(build, *word));
	ops_append(ops, c->spec, pointer, made, "args", args);
}
