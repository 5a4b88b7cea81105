#include "webhook/kube/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness.h"
#include "webhook/kube/namespaces.h"

#define SEEN_MAX 8

/* What came, and what on_event is to answer from the `fails_at`th event on. */
struct seen {
	struct watch_event events[SEEN_MAX];
	size_t count, fails_at;
	int failure;
};

static int on_event(void *ctx, const struct watch_event *event)
{
	struct seen *seen = ctx;

	assert_true(seen->count < SEEN_MAX);
	seen->events[seen->count++] = *event;
	return seen->failure && seen->count > seen->fails_at ? seen->failure : 0;
}

static int feed_once(const char *text, size_t len, struct seen *out)
{
	struct watch watch = {.on_event = on_event, .ctx = out};
	int r;

	*out = (struct seen){0};
	r = watch_feed(&watch, text, len);
	watch_done(&watch);
	watch_done(&watch);
	return r;
}

/* What one line, without its end, is taken for. */
static int feed_line(const char *line, struct watch_event *out)
{
	char text[1024];
	struct seen seen;
	int n = snprintf(text, sizeof(text), "%s\n", line), r;

	assert_in_range(n, 1, sizeof(text) - 1);
	r = feed_once(text, (size_t)n, &seen);
	assert_int_equal(seen.count, r == 0 ? 1 : 0);
	*out = seen.events[0];
	return r;
}

static void assert_event(const struct watch_event *event, enum watch_kind kind, const char *name,
                         const char *version)
{
	assert_int_equal(event->kind, kind);
	assert_string_equal(event->name, name);
	assert_string_equal(event->version, version);
}

/* Shapes that kube-apiserver writes, blank lines as a proxy may add them. */
static const char stream[] =
        "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Namespace\",\"apiVersion\":\"v1\",\"metadata\":"
        "{"
        "\"name\":\"shop\",\"resourceVersion\":\"101\",\"annotations\":{\"farguard.io/inject\":"
        "\"enabled\"}},\"spec\":{\"finalizers\":[\"kubernetes\"]},\"status\":{\"phase\":\"Active\"}"
        "}}\n"
        "\n"
        "{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"a\\u002db\","
        "\"resourceVersion\":"
        "\"102\",\"labels\":{\"farguard.io/inject\":\"disabled\"}}}}\r\n"
        " \t\r\n"
        "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Namespace\",\"metadata\":{"
        "\"resourceVersion\":"
        "\"103\",\"creationTimestamp\":null}}}\n"
        "{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"name\":\"shop\",\"resourceVersion\":"
        "\"104\"}"
        "}}\n"
        "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":"
        "\"too "
        "old resource version: 1 (104)\",\"reason\":\"Expired\",\"code\":410}}\n";

static void assert_stream(const struct seen *seen)
{
	assert_int_equal(seen->count, 5);
	assert_event(&seen->events[0], WATCH_PUT, "shop", "101");
	assert_event(&seen->events[1], WATCH_PUT, "a-b", "102");
	assert_event(&seen->events[2], WATCH_BOOKMARK, "", "103");
	assert_event(&seen->events[3], WATCH_DELETE, "shop", "104");
	assert_int_equal(seen->events[4].kind, WATCH_ERROR);
	assert_int_equal(seen->events[4].code, 410);
}

static void lines_become_events_in_their_order(void **state)
{
	struct seen seen;

	(void)state;
	assert_int_equal(
	        feed_once(test_tail(stream, sizeof(stream) - 1), sizeof(stream) - 1, &seen), 0);
	assert_stream(&seen);
}

static void lines_split_at_any_byte_are_the_same(void **state)
{
	const size_t len = sizeof(stream) - 1;
	const char *text = test_tail(stream, len);

	(void)state;
	for (size_t at = 0; at <= len; at++) {
		struct seen seen = {0};
		struct watch watch = {.on_event = on_event, .ctx = &seen};

		assert_int_equal(watch_feed(&watch, text, at), 0);
		assert_int_equal(watch_feed(&watch, text + at, len - at), 0);
		assert_stream(&seen);
		watch_done(&watch);
	}
}

static void lines_fed_in_steps_of_any_size_are_the_same(void **state)
{
	const size_t len = sizeof(stream) - 1;
	const char *text = test_tail(stream, len);

	(void)state;
	for (size_t step = 1; step < 80; step++) {
		struct seen seen = {0};
		struct watch watch = {.on_event = on_event, .ctx = &seen};

		for (size_t at = 0; at < len; at += step)
			assert_int_equal(
			        watch_feed(&watch, text + at, len - at < step ? len - at : step),
			        0);
		assert_stream(&seen);
		watch_done(&watch);
	}
}

static bool ends_with(const char *text, size_t len, const char *end)
{
	size_t end_len = strlen(end);

	return len >= end_len && memcmp(text + (len - end_len), end, end_len) == 0;
}

/* A prefix gives the events whose lines are whole, and is no error. */
static void every_prefix_gives_its_whole_lines(void **state)
{
	size_t lines = 0;

	(void)state;
	for (size_t len = 0; len < sizeof(stream) - 1; len++) {
		struct seen seen;

		if (ends_with(stream, len, "}\n") || ends_with(stream, len, "}\r\n"))
			lines++;
		assert_int_equal(feed_once(test_tail(stream, len), len, &seen), 0);
		assert_int_equal(seen.count, lines);
	}
}

static void prefix_of_a_line_is_no_event(void **state)
{
	static const char line[] =
	        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"shop\"}}}";
	struct watch_event event;

	(void)state;
	assert_int_equal(feed_line(line, &event), 0);
	assert_event(&event, WATCH_PUT, "shop", "");
	for (int len = 1; len < (int)sizeof(line) - 1; len++) {
		char part[sizeof(line)];

		snprintf(part, sizeof(part), "%.*s", len, line);
		assert_int_equal(feed_line(part, &event), -EBADMSG);
	}
}

static void line_that_is_no_event_ends_the_watch(void **state)
{
	static const char *const lines[] = {
	        "null",
	        "[]",
	        "{}",
	        "7",
	        "\"ADDED\"",
	        "<html>",
	        "{\"type\":\"ADDED\"}",
	        "{\"object\":{\"metadata\":{\"name\":\"a\"}}}",
	        "{\"type\":7,\"object\":{\"metadata\":{\"name\":\"a\"}}}",
	        "{\"type\":\"added\",\"object\":{\"metadata\":{\"name\":\"a\"}}}",
	        "{\"type\":\"ADDED\",\"object\":null}",
	        "{\"type\":\"ADDED\",\"object\":[]}",
	        "{\"type\":\"ADDED\",\"object\":{}}",
	        "{\"type\":\"ADDED\",\"object\":{\"metadata\":[]}}",
	        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{}}}",
	        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"\"}}}",
	        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":7}}}",
	        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"1\"}}}",
	        "{\"type\":\"BOOKMARK\",\"object\":{}}",
	        "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":7}}}",
	        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}} x",
	        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}{}",
	};
	struct watch_event event;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(feed_line(lines[i], &event), -EBADMSG);
	assert_int_equal(feed_line("{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\","
	                           "\"resourceVersion\":\"\"}}}",
	                           &event),
	                 -EBADMSG);
}

/* Otherwise "shop\0x" would be taken for the namespace shop. */
static void text_with_a_nul_inside_is_refused(void **state)
{
	struct watch_event event;

	(void)state;
	assert_int_equal(feed_line("{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"name\":"
	                           "\"shop\\u0000x\"}}}",
	                           &event),
	                 -EBADMSG);
	assert_int_equal(feed_line("{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{"
	                           "\"resourceVersion\":\"1\\u00002\"}}}",
	                           &event),
	                 -EBADMSG);
}

static void error_carries_its_code_whatever_it_is(void **state)
{
	struct watch_event event;

	(void)state;
	assert_int_equal(feed_line("{\"type\":\"ERROR\",\"object\":{\"code\":500}}", &event), 0);
	assert_int_equal(event.kind, WATCH_ERROR);
	assert_int_equal(event.code, 500);
	assert_int_equal(feed_line("{\"type\":\"ERROR\",\"object\":{}}", &event), 0);
	assert_int_equal(event.kind, WATCH_ERROR);
	assert_int_equal(event.code, 0);
}

static void name_and_version_that_do_not_fit_are_refused(void **state)
{
	char line[512], text[256];
	struct watch_event event;

	(void)state;
	for (size_t len = 62; len < 256; len++) {
		bool fits = len < WATCH_NAME_MAX;

		memset(text, 'n', len);
		text[len] = '\0';
		snprintf(line, sizeof(line),
		         "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"%s\"}}}", text);
		assert_int_equal(feed_line(line, &event), fits ? 0 : -EBADMSG);
		if (fits)
			assert_string_equal(event.name, text);
		fits = len < WATCH_NAMESPACE_MAX;
		snprintf(line, sizeof(line),
		         "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\","
		         "\"namespace\":\"%s\",\"resourceVersion\":\"1\"}}}",
		         text);
		assert_int_equal(feed_line(line, &event), fits ? 0 : -EBADMSG);
		if (fits)
			assert_string_equal(event.namespace, text);
		fits = len < WATCH_VERSION_MAX;
		snprintf(line, sizeof(line),
		         "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\","
		         "\"resourceVersion\":\"%s\"}}}",
		         text);
		assert_int_equal(feed_line(line, &event), fits ? 0 : -EBADMSG);
		if (fits)
			assert_string_equal(event.version, text);
	}
}

/* A line of exactly `len` bytes: an event, with blanks in front of it. */
static char *make_line(size_t len)
{
	static const char event[] =
	        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}";
	char *line = malloc(len + 1);

	assert_non_null(line);
	memset(line, ' ', len);
	memcpy(line + len - (sizeof(event) - 1), event, sizeof(event) - 1);
	line[len] = '\n';
	return line;
}

static void line_longer_than_the_limit_is_skipped(void **state)
{
	(void)state;
	for (size_t len = WATCH_LINE_BYTES_MAX - 1; len <= WATCH_LINE_BYTES_MAX + 1; len++) {
		char *line = make_line(len);
		bool fits = len <= WATCH_LINE_BYTES_MAX;
		struct seen seen = {0};
		struct watch watch = {.on_event = on_event, .ctx = &seen};
		int r = 0;

		for (size_t at = 0; at < len + 1 && r == 0; at += 16384)
			r = watch_feed(&watch, line + at,
			               len + 1 - at < 16384 ? len + 1 - at : 16384);
		assert_int_equal(r, 0);
		assert_int_equal(seen.count, fits ? 1 : 0);
		assert_int_equal(watch.skip_count, fits ? 0 : 1);
		assert_true(watch.line.cap < WATCH_LINE_BYTES_MAX);
		/* The next one is read again. */
		assert_int_equal(watch_feed(&watch, stream, sizeof(stream) - 1), 0);
		assert_int_equal(seen.count, fits ? 6 : 5);
		watch_done(&watch);
		free(line);
	}
}

static void endless_line_is_refused_before_its_end(void **state)
{
	static char blanks[65536];
	struct seen seen = {0};
	struct watch watch = {.on_event = on_event, .ctx = &seen};
	size_t fed = 0;
	int r;

	(void)state;
	memset(blanks, ' ', sizeof(blanks));
	do
		r = watch_feed(&watch, blanks, sizeof(blanks));
	while (r == 0 && (fed += sizeof(blanks)) < 2 * WATCH_SKIP_BYTES_MAX);
	assert_int_equal(r, -EFBIG);
	assert_int_equal(fed, WATCH_SKIP_BYTES_MAX);
	watch_done(&watch);
}

static void levels_beyond_the_limit_are_refused(void **state)
{
	(void)state;
	for (int levels = 1; levels < 2 * WATCH_DEPTH_MAX; levels++) {
		char text[512] = "{\"metadata\":{\"name\":\"a\"},\"x\":";
		size_t used = strlen(text);
		struct namespaces_words words;
		int r;

		memset(text + used, '[', (size_t)levels);
		memset(text + used + levels, ']', (size_t)levels);
		used += 2 * (size_t)levels;
		text[used++] = '}';
		r = namespaces_parse(test_tail(text, used), used, &words);
		if (levels < WATCH_DEPTH_MAX - 2)
			assert_int_equal(r, 0);
		if (levels > WATCH_DEPTH_MAX)
			assert_int_equal(r, -EBADMSG);
	}
}

static void what_on_event_says_ends_the_feeding(void **state)
{
	struct seen seen = {.fails_at = 1, .failure = -ENOSPC};
	struct watch watch = {.on_event = on_event, .ctx = &seen};

	(void)state;
	assert_int_equal(watch_feed(&watch, stream, sizeof(stream) - 1), -ENOSPC);
	assert_int_equal(seen.count, 2);
	watch_done(&watch);
}

TEST_MAIN(cmocka_unit_test(lines_become_events_in_their_order),
          cmocka_unit_test(lines_split_at_any_byte_are_the_same),
          cmocka_unit_test(lines_fed_in_steps_of_any_size_are_the_same),
          cmocka_unit_test(every_prefix_gives_its_whole_lines),
          cmocka_unit_test(prefix_of_a_line_is_no_event),
          cmocka_unit_test(line_that_is_no_event_ends_the_watch),
          cmocka_unit_test(text_with_a_nul_inside_is_refused),
          cmocka_unit_test(error_carries_its_code_whatever_it_is),
          cmocka_unit_test(name_and_version_that_do_not_fit_are_refused),
          cmocka_unit_test(line_longer_than_the_limit_is_skipped),
          cmocka_unit_test(endless_line_is_refused_before_its_end),
          cmocka_unit_test(levels_beyond_the_limit_are_refused),
          cmocka_unit_test(what_on_event_says_ends_the_feeding))
