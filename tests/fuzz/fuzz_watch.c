/* fuzz_watch.c - any bytes as a watch, as a page of a list and as a namespace: however they are cut
 * into chunks, the events are the same, and every text is whole. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

static int on_event(void *ctx, const struct watch_event *event)
{
	struct sum *sum = ctx;

	check_text(event->name, sizeof(event->name));
	check_text(event->version, sizeof(event->version));
	if ((event->kind == WATCH_PUT || event->kind == WATCH_DELETE) && !event->name[0])
		abort();
	if (event->kind == WATCH_BOOKMARK && !event->version[0])
		abort();
	add(sum, &event->kind, sizeof(event->kind));
	add(sum, event->name, strlen(event->name) + 1);
	add(sum, event->version, strlen(event->version) + 1);
	add(sum, &event->inject, sizeof(event->inject));
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum whole = {0}, cut = {0}, list = {0};
	char version[WATCH_VERSION_MAX], next[256];
	struct watch_event event;
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
	r = watch_parse_list(text, len, on_event, &list, version, next, sizeof(next));
	if (r == 0) {
		check_text(version, sizeof(version));
		check_text(next, sizeof(next));
	}
	if (watch_parse_namespace(text, len, &event) == 0)
		on_event(&list, &event);
	free(text);
	return 0;
}
