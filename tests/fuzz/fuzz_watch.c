/* fuzz_watch.c - any bytes as a watch, as a page of a list and as a namespace: however they are cut
 * into chunks, the events are the same, and every text is whole.  Each object is also read as a
 * namespace, a LimitRange and a ResourceQuota. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "webhook/kube/json.h"
#include "webhook/kube/limits.h"
#include "webhook/kube/listing.h"
#include "webhook/kube/namespaces.h"
#include "webhook/kube/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum {
	uint64_t hash;
	size_t count;
};

static void check_text(const char *text, size_t cap)
{
	if (!memchr(text, '\0', cap))
		abort();
}

static void add(struct sum *sum, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++)
		sum->hash = (sum->hash ^ p[i]) * 0x100000001b3u;
}

/* What is kept is a value that can be read again. */
static void check_limits(struct json_object *limits)
{
	const char *text = limits ? json_object_to_json_string(limits) : NULL;
	struct json_object *again;

	if (!text)
		return;
	again = json_parse_all(text, strlen(text), WATCH_DEPTH_MAX);
	if (!again)
		abort();
	json_object_put(again);
	json_object_put(limits);
}

static int on_event(void *ctx, const struct watch_event *event)
{
	struct sum *sum = ctx;
	struct namespaces_words words;

	check_text(event->name, sizeof(event->name));
	check_text(event->version, sizeof(event->version));
	check_text(event->namespace, sizeof(event->namespace));
	check_limits(limits_of_range(event->object));
	check_limits(limits_of_quota(event->object));
	if ((event->kind == WATCH_PUT || event->kind == WATCH_DELETE) && !event->name[0])
		abort();
	if (event->kind == WATCH_BOOKMARK && !event->version[0])
		abort();
	add(sum, &event->kind, sizeof(event->kind));
	add(sum, event->name, strlen(event->name) + 1);
	add(sum, event->version, strlen(event->version) + 1);
	words = namespaces_words_of(event->object);
	add(sum, &words, sizeof(words));
	add(sum, &event->code, sizeof(event->code));
	sum->count++;
	return 0;
}

static int feed(const char *text, size_t len, size_t step, struct sum *out)
{
	struct watch watch = {.on_event = on_event, .ctx = out};
	int r = 0;

	for (size_t at = 0; at < len && r == 0; at += step) {
		size_t part = len - at < step ? len - at : step;
		/* Its own block, so that a sanitizer sees the first byte too many. */
		char *chunk = malloc(part);

		if (!chunk)
			abort();
		memcpy(chunk, text + at, part);
		r = watch_feed(&watch, chunk, part);
		free(chunk);
	}
	watch_done(&watch);
	return r;
}

static int list(const char *text, size_t len, size_t step, struct sum *out)
{
	struct listing listing = {.on_event = on_event, .ctx = out};
	char version[WATCH_VERSION_MAX] = "", next[256] = "";
	int r = 0;

	for (size_t at = 0; at < len && r == 0; at += step) {
		size_t part = len - at < step ? len - at : step;
		char *chunk = malloc(part);

		if (!chunk)
			abort();
		memcpy(chunk, text + at, part);
		r = listing_feed(&listing, chunk, part);
		free(chunk);
	}
	if (r == 0 && listing_end(&listing, version, next, sizeof(next)) == 0) {
		check_text(version, sizeof(version));
		check_text(next, sizeof(next));
		add(out, version, strlen(version) + 1);
		add(out, next, strlen(next) + 1);
	}
	listing_done(&listing);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum whole = {0}, cut = {0}, page = {0}, cut_page = {0};
	struct namespaces_words words;
	size_t len;
	char *text;
	int r;

	if (size < 2)
		return 0;
	len = size - 1;
	text = malloc(len);
	if (!text)
		return 0;
	memcpy(text, data + 1, len);
	r = feed(text, len, len, &whole);
	if (feed(text, len, 1 + data[0] % 64, &cut) != r || cut.hash != whole.hash ||
	    cut.count != whole.count)
		abort();
	r = list(text, len, len, &page);
	if (list(text, len, 1 + data[0] % 64, &cut_page) != r || cut_page.hash != page.hash ||
	    cut_page.count != page.count)
		abort();
	namespaces_parse(text, len, &words);
	free(text);
	return 0;
}
