#include "webhook/admit/pulls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/clock.h"
#include "injector/base/err.h"
#include "webhook/admit/log.h"
#include "webhook/http/http.h"
#include "webhook/kube/secret.h"
#include "webhook/policy/policy.h"

int pulls_init(struct pulls *pulls, const struct http_settings *settings, struct err *err)
{
	int r;

	*pulls = (struct pulls){0};
	r = -pthread_mutex_init(&pulls->lock, NULL);
	if (r < 0)
		return err_set(err, -r, "no memory");
	r = http_open(&pulls->http, settings, err);
	if (r < 0)
		pthread_mutex_destroy(&pulls->lock);
	return r;
}

void pulls_done(struct pulls *pulls)
{
	if (!pulls->http)
		return;
	for (size_t i = 0; i < PULLS_MAX; i++)
		free(pulls->items[i].text);
	http_close(pulls->http);
	pulls->http = NULL;
	pthread_mutex_destroy(&pulls->lock);
}

static bool may_read(const struct policy *policy, const char *namespace)
{
	const struct policy_list *names = &policy->registry.pull_secret_namespaces;

	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], namespace) == 0)
			return true;
	return false;
}

/* The place of a Secret: its own, a free one, or that of another. */
static struct pulls_item *place(struct pulls *pulls, const char *namespace, const char *name)
{
	struct pulls_item *item = NULL;

	for (size_t i = 0; i < PULLS_MAX; i++) {
		struct pulls_item *at = &pulls->items[i];

		if (strcmp(at->namespace, namespace) == 0 && strcmp(at->name, name) == 0)
			return at;
		if (!item && !at->name[0])
			item = at;
	}
	if (!item)
		item = &pulls->items[pulls->next++ % PULLS_MAX];
	free(item->text);
	*item = (struct pulls_item){0};
	snprintf(item->namespace, sizeof(item->namespace), "%s", namespace);
	snprintf(item->name, sizeof(item->name), "%s", name);
	return item;
}

static void read_secret(struct pulls *pulls, struct pulls_item *item, uint64_t now_ms,
                        uint64_t deadline_ms)
{
	static const char *const keys[] = {
	        [IMAGES_DOCKERCONFIGJSON] = ".dockerconfigjson", [IMAGES_DOCKERCFG] = ".dockercfg"};
	struct secret secret = {0};
	struct err err = {0};
	int r = secret_read_within(pulls->http, item->namespace, item->name,
	                           (long)(deadline_ms - now_ms), &secret, &err);

	free(item->text);
	item->text = NULL;
	item->until_ms = clock_ms() + PULLS_KEEP_MS;
	if (r < 0) {
		log_say(LOG_WARN, "pull secret not read", "error", err.text);
		return;
	}
	for (size_t i = 0; i < 2 && !item->text; i++) {
		item->kind = (enum images_credential_kind)i;
		item->text = secret_get(&secret, keys[i]);
	}
	if (item->text && strlen(item->text) > PULLS_TEXT_BYTES_MAX) {
		free(item->text);
		item->text = NULL;
	}
	secret_done(&secret);
}

static void take(struct pulls *pulls, const char *namespace, const char *name, uint64_t deadline_ms,
                 struct pulls_found *out)
{
	struct pulls_item *item = place(pulls, namespace, name);
	uint64_t now_ms = clock_ms();
	char *text;

	if (item->until_ms <= now_ms) {
		if (deadline_ms <= now_ms)
			return;
		read_secret(pulls, item, now_ms, deadline_ms);
	}
	text = item->text ? strdup(item->text) : NULL;
	if (!text)
		return;
	out->texts[out->count] = text;
	out->list[out->count++] = (struct images_credential){item->kind, text, strlen(text)};
}

/* Another review may be asking, and this one has no time for its answer. */
static bool lock_by(struct pulls *pulls, uint64_t deadline_ms)
{
	struct timespec by = {.tv_sec = (time_t)(deadline_ms / 1000),
	                      .tv_nsec = (long)(deadline_ms % 1000) * 1000000};

	return pthread_mutex_clocklock(&pulls->lock, CLOCK_MONOTONIC, &by) == 0;
}

void pulls_find(struct pulls *pulls, const struct policy *policy, const char *namespace,
                struct json_object *names, uint64_t deadline_ms, struct pulls_found *out)
{
	size_t count = names ? json_object_array_length(names) : 0;

	*out = (struct pulls_found){0};
	if (count == 0 || strlen(namespace) >= sizeof(pulls->items->namespace) ||
	    !may_read(policy, namespace))
		return;
	if (!lock_by(pulls, deadline_ms))
		return;
	for (size_t i = 0; i < count && out->count < IMAGES_CREDENTIALS_MAX; i++) {
		struct json_object *name = NULL;

		if (!json_object_object_get_ex(json_object_array_get_idx(names, i), "name",
		                               &name) ||
		    !json_object_is_type(name, json_type_string) ||
		    (size_t)json_object_get_string_len(name) >= sizeof(pulls->items->name) ||
		    !*json_object_get_string(name))
			continue;
		take(pulls, namespace, json_object_get_string(name), deadline_ms, out);
	}
	pthread_mutex_unlock(&pulls->lock);
}

void pulls_found_done(struct pulls_found *found)
{
	for (size_t i = 0; i < found->count; i++)
		free(found->texts[i]);
	found->count = 0;
}
