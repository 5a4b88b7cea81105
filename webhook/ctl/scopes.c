#include "webhook/ctl/scopes.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/kube/api.h"
#include "webhook/kube/json.h"
#include "webhook/kube/limits.h"
#include "webhook/kube/pages.h"
#include "webhook/mutate/words.h"

/* Annotation over label; a value that is not known is none, as it is for the webhook. */
static const char *word_of(struct json_object *metadata, const char *key, const char *const *words)
{
	const char *value = json_member_string(json_member(metadata, "annotations"), key);

	if (!value)
		value = json_member_string(json_member(metadata, "labels"), key);
	while (value && *words && strcmp(value, *words) != 0)
		words++;
	return value ? *words : NULL;
}

/* Append `scope`, whose name the table owns from then on. */
static int push(struct scopes *scopes, struct scope *scope)
{
	struct scope *items = reallocarray(scopes->items, scopes->count + 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	items[scopes->count] = *scope;
	*scope = (struct scope){0};
	scopes->items = items;
	scopes->count++;
	return 0;
}

static int add(void *ctx, struct json_object *namespace)
{
	static const char *const inject[] = {"enabled", "disabled", NULL};
	static const char *const pid1[] = {"auto", "farguard", "program", NULL};
	struct json_object *metadata = json_member(namespace, "metadata");
	const char *name = json_member_string(metadata, "name");
	struct scope scope = {.inject = word_of(metadata, ANNOTATION_INJECT, inject),
	                      .pid1 = word_of(metadata, ANNOTATION_PID1, pid1)};
	int r;

	if (!name || !api_is_name(name))
		return -EPROTO;
	scope.name = strdup(name);
	r = scope.name ? push(ctx, &scope) : -ENOMEM;
	free(scope.name);
	return r;
}

static void forget(void *ctx)
{
	scopes_done(ctx);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct scope *)a)->name, ((const struct scope *)b)->name);
}

int scopes_read(struct scopes *scopes, struct http *http, const char *only, struct err *err)
{
	struct pages pages = {"/api/v1/namespaces", add, forget, scopes};
	int r;

	if (only) {
		CLEANUP(json_putp) struct json_object *namespace = NULL;
		char path[300];

		snprintf(path, sizeof(path), "/api/v1/namespaces/%.253s", only);
		r = api_get(http, path, &namespace, err);
		if (r == 0 && add(scopes, namespace) < 0)
			r = err_set(err, EPROTO, "GET %.100s: no namespace", path);
		return r;
	}
	r = pages_read(http, &pages, err);
	if (r == 0 && scopes->count)
		qsort(scopes->items, scopes->count, sizeof(*scopes->items), by_name);
	return r;
}

void scopes_done(struct scopes *scopes)
{
	for (size_t i = 0; i < scopes->count; i++) {
		free(scopes->items[i].name);
		json_object_put(scopes->items[i].limit_ranges);
		json_object_put(scopes->items[i].quotas);
	}
	free(scopes->items);
	*scopes = (struct scopes){0};
}

void scopes_suppose(struct scopes *scopes, const char *inject, const char *pid1)
{
	for (size_t i = 0; i < scopes->count; i++) {
		if (inject)
			scopes->items[i].inject = *inject ? inject : NULL;
		if (pid1)
			scopes->items[i].pid1 = *pid1 ? pid1 : NULL;
	}
}

struct scope *scopes_find(const struct scopes *scopes, const char *name)
{
	struct scope key = {.name = (char *)(uintptr_t)name};

	return scopes->count ? bsearch(&key, scopes->items, scopes->count, sizeof(key), by_name)
	                     : NULL;
}

/* What `reduce` makes of each item of the list at `resource`. */
static int gather(struct http *http, const char *namespace, const char *resource,
                  struct json_object *(*reduce)(struct json_object *), struct json_object **out,
                  struct err *err)
{
	CLEANUP(json_putp) struct json_object *list = NULL;
	struct json_object *items;
	char path[320];
	int r;

	snprintf(path, sizeof(path), "/api/v1/namespaces/%.253s/%s", namespace, resource);
	r = api_get(http, path, &list, err);
	if (r < 0)
		return r;
	items = json_member(list, "items");
	*out = json_object_new_array();
	if (!*out)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0;
	     json_object_is_type(items, json_type_array) && i < json_object_array_length(items);
	     i++) {
		struct json_object *one = reduce(json_object_array_get_idx(items, i));

		if (one)
			json_object_array_add(*out, one);
	}
	return 0;
}

int scope_ask(struct scope *scope, struct http *http, struct err *err)
{
	int r;

	if (scope->is_asked)
		return 0;
	scope->is_asked = true;
	r = gather(http, scope->name, "limitranges", limits_of_range, &scope->limit_ranges, err);
	if (r == 0)
		r = gather(http, scope->name, "resourcequotas", limits_of_quota, &scope->quotas,
		           err);
	return r;
}
