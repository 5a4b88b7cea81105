#include "webhook/kube/reflector.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "injector/base/clock.h"
#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/http/http.h"
#include "webhook/kube/api.h"
#include "webhook/kube/listing.h"

#define WAIT_MS_MIN 500u
/* A server that ends each watch sooner must not be hammered. */
#define WATCH_MS_MIN 1000
#define TOKEN_MAX    1024

static unsigned below(unsigned limit)
{
	uint32_t drawn = 0;

	if (getrandom(&drawn, sizeof(drawn), GRND_NONBLOCK) != sizeof(drawn))
		return 0;
	return drawn % limit;
}

static int on_listed(void *ctx, const struct watch_event *event)
{
	struct reflector *reflector = ctx;

	return reflector->sink->apply(reflector->set, event);
}

static int on_page(void *ctx, const char *bytes, size_t len)
{
	return listing_feed(ctx, bytes, len);
}

/* A list's continue token is base64: letters, digits and "-_=", or "+/" that must be escaped. */
static int escape(const char *token, char *out, size_t cap)
{
	size_t used = 0;

	for (const char *p = token; *p; p++) {
		bool is_plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		                (*p >= '0' && *p <= '9') || strchr("-_.", *p);

		if (used + 4 > cap)
			return -EMSGSIZE;
		if (is_plain)
			out[used++] = *p;
		else
			used += (size_t)snprintf(out + used, cap - used, "%%%02X",
			                         (unsigned char)*p);
	}
	out[used] = '\0';
	return 0;
}

static int list_page(struct reflector *reflector, char next[TOKEN_MAX], struct err *err)
{
	CLEANUP(listing_done)
	struct listing listing = {.on_event = on_listed, .ctx = reflector};
	CLEANUP(http_response_done) struct http_response response = {0};
	char path[HTTP_URL_BYTES_MAX / 2 + TOKEN_MAX / 2], token[TOKEN_MAX] = "";
	struct http_request request = {.method = "GET",
	                               .path = path,
	                               .timeout_ms = 3 * API_TIMEOUT_MS,
	                               .body_bytes_max = 1u << 20,
	                               .on_chunk = on_page,
	                               .ctx = &listing};
	int r = escape(next, token, sizeof(token));

	if (r < 0)
		return err_set(err, EPROTO, "the list's token is too long");
	snprintf(path, sizeof(path), "%s?limit=%d%s%s%s%s", reflector->path, REFLECTOR_PAGE_ITEMS,
	         reflector->selector ? "&" : "", reflector->selector ? reflector->selector : "",
	         *token ? "&continue=" : "", token);
	r = api_call(reflector->http, &request, &response, err);
	atomic_fetch_add(&reflector->skip_count, listing.skip_count);
	if (r < 0)
		return r;
	r = listing_end(&listing, reflector->version, next, TOKEN_MAX);
	return r < 0 ? err_set(err, -r, "GET %s: no list", reflector->path) : 0;
}

/* A list that is refused for long leaves nothing that is known to be true. */
static void note_refusal(struct reflector *reflector, int r)
{
	bool is_refused = r == -EACCES || r == -ENOENT;

	atomic_store(&reflector->is_refused, is_refused);
	if (!is_refused) {
		reflector->refused_ms = 0;
		return;
	}
	if (!reflector->refused_ms)
		reflector->refused_ms = clock_ms();
	if (clock_ms() - reflector->refused_ms >= REFLECTOR_FORGET_MS && reflector->sink->forget)
		reflector->sink->forget(reflector->set);
}

static int list(struct reflector *reflector, struct err *err)
{
	char next[TOKEN_MAX] = "";
	int r;

	reflector->sink->begin_list(reflector->set);
	do
		r = list_page(reflector, next, err);
	while (r == 0 && *next);
	note_refusal(reflector, r);
	if (r < 0) {
		reflector->version[0] = '\0';
		return r;
	}
	reflector->sink->end_list(reflector->set);
	atomic_fetch_add(&reflector->list_count, 1);
	return 0;
}

/* What there is to say is said once, not each time. */
static void note(struct reflector *reflector, int r, const struct err *err)
{
	if (r < 0)
		atomic_fetch_add(&reflector->error_count, 1);
	if (r != reflector->failing)
		reflector->on_change(reflector->ctx, reflector, r < 0 ? err : NULL);
	reflector->failing = r;
}

static int on_event(void *ctx, const struct watch_event *event)
{
	struct reflector *reflector = ctx;

	if (event->kind == WATCH_ERROR) {
		reflector->is_gone = event->code == 410;
		return reflector->is_gone ? -ESTALE : -EBUSY;
	}
	note(reflector, 0, NULL);
	if (event->version[0])
		memcpy(reflector->version, event->version, sizeof(reflector->version));
	return event->kind == WATCH_BOOKMARK ? 0 : reflector->sink->apply(reflector->set, event);
}

static int on_chunk(void *ctx, const char *bytes, size_t len)
{
	return watch_feed(ctx, bytes, len);
}

static int watch(struct reflector *reflector, struct err *err)
{
	CLEANUP(watch_done) struct watch lines = {.on_event = on_event, .ctx = reflector};
	CLEANUP(http_response_done) struct http_response response = {0};
	char path[HTTP_URL_BYTES_MAX / 2 + 3 * WATCH_VERSION_MAX];
	struct http_request request = {.method = "GET",
	                               .path = path,
	                               .idle_s = REFLECTOR_IDLE_S,
	                               .body_bytes_max = 1u << 20,
	                               .on_chunk = on_chunk,
	                               .ctx = &lines};
	char version[3 * WATCH_VERSION_MAX];
	int r;

	if (escape(reflector->version, version, sizeof(version)) < 0)
		return err_set(err, EPROTO, "the resource version is too long");
	snprintf(path, sizeof(path),
	         "%s?watch=1&allowWatchBookmarks=true&timeoutSeconds=%u%s%s&resourceVersion=%s",
	         reflector->path, REFLECTOR_WATCH_S + below(REFLECTOR_WATCH_S / 2),
	         reflector->selector ? "&" : "", reflector->selector ? reflector->selector : "",
	         version);
	reflector->is_gone = false;
	r = api_call(reflector->http, &request, &response, err);
	atomic_fetch_add(&reflector->skip_count, lines.skip_count);
	return r;
}

/* One step; a watch that its server ended in time is no failure. */
static int step(struct reflector *reflector, struct err *err)
{
	int r;

	if (!reflector->version[0])
		return list(reflector, err);
	r = watch(reflector, err);
	if (r == -ESTALE || reflector->is_gone) {
		reflector->version[0] = '\0';
		return 0;
	}
	/* What cannot be read once would not be the second time; what may not be watched may still
	 * be listed. */
	if (r == -EBADMSG || r == -EFBIG || r == -EACCES || r == -ENOENT)
		reflector->version[0] = '\0';
	return r;
}

void reflector_run(struct reflector *reflector)
{
	unsigned wait_ms = WAIT_MS_MIN;

	for (;;) {
		bool is_listing = !reflector->version[0];
		uint64_t start_ms = clock_ms();
		struct err err = {0};
		int r = step(reflector, &err);

		if (r == -ECANCELED)
			return;
		/* That a list succeeds does not say that a watch will. */
		if (r < 0 || !is_listing)
			note(reflector, r, &err);
		if (r == 0 && (is_listing || clock_ms() - start_ms > WATCH_MS_MIN)) {
			wait_ms = is_listing ? wait_ms : WAIT_MS_MIN;
			continue;
		}
		if (!reflector->wait(reflector->ctx, wait_ms / 2 + below(wait_ms / 2 + 1)))
			return;
		wait_ms = wait_ms * 2 < REFLECTOR_WAIT_MS_MAX ? wait_ms * 2 : REFLECTOR_WAIT_MS_MAX;
	}
}
