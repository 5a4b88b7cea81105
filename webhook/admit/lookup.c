#include "webhook/admit/lookup.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "injector/base/clock.h"
#include "injector/base/err.h"
#include "webhook/admit/log.h"
#include "webhook/admit/watches.h"
#include "webhook/http/http.h"
#include "webhook/kube/api.h"
#include "webhook/mutate/review.h"

int lookup_init(struct lookup *lookup, struct watches *watches,
                const struct http_settings *settings, struct err *err)
{
	int r;

	*lookup = (struct lookup){.watches = watches};
	r = -pthread_mutex_init(&lookup->lock, NULL);
	if (r < 0)
		return err_set(err, -r, "no memory");
	r = http_open(&lookup->http, settings, err);
	if (r < 0)
		pthread_mutex_destroy(&lookup->lock);
	return r;
}

void lookup_done(struct lookup *lookup)
{
	http_close(lookup->http);
	lookup->http = NULL;
	pthread_mutex_destroy(&lookup->lock);
}

static void put(const struct namespaces_words *words, struct review_namespace *out)
{
	static const char *const inject[] = {[NAMESPACES_INJECT_NONE] = "",
	                                     [NAMESPACES_INJECT_ENABLED] = "enabled",
	                                     [NAMESPACES_INJECT_DISABLED] = "disabled"};
	static const char *const pid1[] = {[NAMESPACES_PID1_NONE] = "",
	                                   [NAMESPACES_PID1_AUTO] = "auto",
	                                   [NAMESPACES_PID1_FARGUARD] = "farguard",
	                                   [NAMESPACES_PID1_PROGRAM] = "program"};

	snprintf(out->inject, sizeof(out->inject), "%s", inject[words->inject]);
	snprintf(out->pid1, sizeof(out->pid1), "%s", pid1[words->pid1]);
}

static int ask(struct lookup *lookup, const char *namespace, struct namespaces_words *out)
{
	struct err err = {0};
	int r;

	if (clock_ms() < lookup->asked_after_ms)
		return -EAGAIN;
	r = api_namespace(lookup->http, namespace, LOOKUP_TIMEOUT_MS, out, &err);
	if (r == 0)
		return 0;
	/* That it does not exist is an answer, not a failure of the server. */
	if (r != -ENOENT && r != -EINVAL)
		lookup->asked_after_ms = clock_ms() + LOOKUP_PAUSE_MS;
	log_say(LOG_WARN, "namespace not told", "error", err.text);
	return -EAGAIN;
}

int lookup_namespace(void *ctx, const char *namespace, struct review_namespace *out)
{
	struct lookup *lookup = ctx;
	struct watches *watches = lookup->watches;
	struct namespaces_words words = {0};
	int r = 0;

	if (!namespaces_find(&watches->namespaces, namespace, &words)) {
		pthread_mutex_lock(&lookup->lock);
		/* The watch may have brought it while this thread waited. */
		if (!namespaces_find(&watches->namespaces, namespace, &words))
			r = ask(lookup, namespace, &words);
		pthread_mutex_unlock(&lookup->lock);
	}
	if (r == 0)
		put(&words, out);
	out->circuit_open = circuit_is_open(&watches->circuit, namespace, time(NULL));
	out->limit_ranges = objects_list(&watches->limit_ranges, namespace);
	out->quotas = objects_list(&watches->quotas, namespace);
	return r;
}
