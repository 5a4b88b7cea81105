/* explained_json.c - the contract's object, and what it leaves open. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/own.h"
#include "webhook/ctl/explained.h"
#include "webhook/ctl/output.h"
#include "webhook/mutate/tree.h"

/* Large enough for all requests that mean something, and exact in a double. */
#define BYTES_MAX 9007199254740992.0

/* With `decimals`, or as many as it has when that is negative; NULL is null. */
static struct json_object *number(struct tree_build *build, int decimals, double value)
{
	char text[48];
	struct json_object *out;

	/* JSON has no infinity, which a request of 1e999 is. */
	if (!isfinite(value) || fabs(value) > BYTES_MAX)
		return json_object_new_null();
	if (decimals < 0)
		snprintf(text, sizeof(text), "%.12g", value);
	else
		snprintf(text, sizeof(text), "%.*f", decimals, value);
	out = json_object_new_double_s(value, text);
	build->failed |= !out;
	return out;
}

/* tree_put(), which takes NULL for a failure, of what may be null. */
static void put_nullable(struct tree_build *build, struct json_object *object, const char *key,
                         struct json_object *value)
{
	if (value)
		tree_put(build, object, key, value);
	else if (!object || json_object_object_add(object, key, NULL) < 0)
		build->failed = true;
}

static struct json_object *requests(struct tree_build *build, struct fargate_requests requests)
{
	struct json_object *out = tree_new_object(build);

	put_nullable(build, out, "cpu", number(build, -1, requests.cpu));
	put_nullable(build, out, "memory", number(build, 0, requests.memory));
	return out;
}

static const char *kind_of(const struct explain_container *c)
{
	return c->sidecar ? "sidecar" : c->init ? "init" : "main";
}

/* Both words always, so that programs need not ask which is there. */
static void put_word(struct tree_build *build, struct json_object *object, const char *key,
                     const char *word)
{
	put_nullable(build, object, key, word ? tree_new_string(build, word) : NULL);
}

static struct json_object *containers(struct tree_build *build, const struct explain *explain)
{
	struct json_object *out = tree_new_list(build);

	for (size_t i = 0; explain && i < explain->count; i++) {
		const struct explain_container *c = &explain->containers[i];
		struct json_object *one;

		if (c->ours)
			continue;
		one = tree_new_object(build);
		tree_put_string(build, one, "name", c->name);
		tree_put_string(build, one, "kind", kind_of(c));
		tree_put(build, one, "covered", tree_new_bool(build, c->covered));
		put_word(build, one, "how", c->covered ? c->how : NULL);
		put_word(build, one, "reason", c->covered ? NULL : c->reason);
		if (c->pid1)
			tree_put_string(build, one, "pid1", c->pid1);
		tree_push(build, out, one);
	}
	return out;
}

static struct json_object *sums(struct tree_build *build, const struct explain_size *size)
{
	struct json_object *out = tree_new_object(build);
	struct fargate_requests needed = size->sums.needed;

	tree_put(build, out, "init", requests(build, size->sums.init));
	tree_put(build, out, "running", requests(build, size->sums.running));
	tree_put(build, out, "greater", requests(build, needed));
	needed.memory += FARGATE_RESERVED_BYTES;
	tree_put(build, out, "needed", requests(build, needed));
	return out;
}

static struct json_object *counted(struct tree_build *build, const struct explain *explain)
{
	struct json_object *out = tree_new_list(build);

	for (size_t i = 0; i < explain->count; i++) {
		const struct explain_container *c = &explain->containers[i];
		struct json_object *one = requests(build, c->requests);

		tree_put_string(build, one, "name", c->name);
		tree_put_string(build, one, "kind", kind_of(c));
		tree_put(build, one, "farguard", tree_new_bool(build, c->ours));
		tree_push(build, out, one);
	}
	return out;
}

static void put_month(struct tree_build *build, struct json_object *out, const char *key,
                      const struct explain_size *size)
{
	put_nullable(build, out, key, size->size.vcpu > 0 ? number(build, 2, size->month) : NULL);
}

static struct json_object *fargate(struct tree_build *build, const struct explain *explain)
{
	struct json_object *out = tree_new_object(build);
	char text[32];
	double delta;

	if (!explain || !explain->has_spec)
		return out;
	fargate_format(explain->before.size, text);
	tree_put_string(build, out, "before", text);
	fargate_format(explain->after.size, text);
	tree_put_string(build, out, "after", text);
	put_month(build, out, "pricePerMonthBefore", &explain->before);
	put_month(build, out, "pricePerMonthAfter", &explain->after);
	delta = explain->after.month - explain->before.month;
	put_nullable(build, out, "pricePerMonthDelta",
	             explain->before.size.vcpu > 0 && explain->after.size.vcpu > 0
	                     ? number(build, 2, fabs(delta) < 0.005 ? 0 : delta)
	                     : NULL);
	tree_put(build, out, "requests", counted(build, explain));
	tree_put(build, out, "sumsBefore", sums(build, &explain->before));
	tree_put(build, out, "sumsAfter", sums(build, &explain->after));
	if (explain->refused)
		tree_put_string(build, out, "refuses", explain->refused);
	return out;
}

struct list {
	struct tree_build *build;
	struct json_object *array;
};

static void add_way_out(void *ctx, const char *word, const char *way_out)
{
	struct list *list = ctx;
	struct json_object *one = tree_new_object(list->build);

	tree_put_string(list->build, one, "about", word);
	tree_put_string(list->build, one, "text", way_out);
	tree_push(list->build, list->array, one);
}

static struct json_object *warnings(struct tree_build *build, const struct explained *e)
{
	struct json_object *out = tree_new_list(build);
	char word[32];

	for (size_t i = 0; i < explained_warning_count(e); i++)
		if (*explained_warning(e, i, word))
			tree_push(build, out, tree_new_string(build, word));
	return out;
}

void explained_json(const struct explained *e, struct output *output)
{
	struct tree_build build = {0};
	CLEANUP(tree_putp) struct json_object *line = tree_new_object(&build);
	struct list ways_out = {&build, tree_new_list(&build)};
	const char *text;

	tree_put_string(&build, line, "kind", e->kind);
	tree_put_string(&build, line, "namespace", e->namespace);
	tree_put_string(&build, line, "name", e->name);
	tree_put(&build, line, "inject", tree_new_bool(&build, e->explain && e->explain->guarded));
	tree_put_string(&build, line, "reason", reason_name(e->reason));
	if (*e->detail)
		tree_put_string(&build, line, "detail", e->detail);
	tree_put(&build, line, "containers", containers(&build, e->explain));
	tree_put(&build, line, "fargate", fargate(&build, e->explain));
	tree_put(&build, line, "warnings", warnings(&build, e));
	explained_ways_out(e, &ways_out, add_way_out);
	tree_put(&build, line, "waysOut", ways_out.array);
	text = build.failed
	               ? NULL
	               : json_object_to_json_string_ext(
	                         line, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text)
		output_text(output, text);
	else
		output->failed = true;
	output_text(output, "\n");
}
