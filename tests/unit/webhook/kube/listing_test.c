#include "webhook/kube/listing.h"

#include <errno.h>

#include "tests/harness.h"

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

static void assert_event(const struct watch_event *event, enum watch_kind kind, const char *name,
                         const char *version)
{
	assert_int_equal(event->kind, kind);
	assert_string_equal(event->name, name);
	assert_string_equal(event->version, version);
}

/* In pieces of `step` bytes. */
static int feed_list(const char *text, size_t len, size_t step, struct seen *seen,
                     char *out_version, char *out_next, size_t next_cap)
{
	struct listing listing = {.on_event = on_event, .ctx = seen};
	int r = 0;

	memset(out_version, '#', WATCH_VERSION_MAX);
	memset(out_next, '#', next_cap);
	for (size_t at = 0; at < len && r == 0; at += step) {
		size_t part = len - at < step ? len - at : step;

		r = listing_feed(&listing, text + at, part);
	}
	if (r == 0)
		r = listing_end(&listing, out_version, out_next, next_cap);
	listing_done(&listing);
	return r;
}

static int parse_list(const char *text, size_t len, struct seen *seen, char *out_version,
                      char *out_next, size_t next_cap)
{
	return feed_list(text, len, len, seen, out_version, out_next, next_cap);
}

static const char page[] = "{\"kind\":\"NamespaceList\",\"metadata\":{\"resourceVersion\":\"900\","
                           "\"continue\":\"eyJ2+/"
                           "=\",\"remainingItemCount\":1},\"items\":[{\"metadata\":{\"name\":\"a\","
                           "\"resourceVersion\":"
                           "\"7\",\"labels\":{\"farguard.io/"
                           "inject\":\"enabled\"}}},{\"metadata\":{\"name\":\"b\"}}]}\n";

static void page_of_a_list_gives_its_items_version_and_next_token(void **state)
{
	char version[WATCH_VERSION_MAX], next[256];
	struct seen seen = {0};

	(void)state;
	assert_int_equal(parse_list(test_tail(page, sizeof(page) - 1), sizeof(page) - 1, &seen,
	                            version, next, sizeof(next)),
	                 0);
	assert_int_equal(seen.count, 2);
	assert_event(&seen.events[0], WATCH_PUT, "a", "7");
	assert_event(&seen.events[1], WATCH_PUT, "b", "");
	assert_string_equal(version, "900");
	assert_string_equal(next, "eyJ2+/=");
}

static void page_in_pieces_of_any_size_is_the_same(void **state)
{
	char version[WATCH_VERSION_MAX], next[256];
	const char *text = test_tail(page, sizeof(page) - 1);

	(void)state;
	for (size_t step = 1; step < 90; step++) {
		struct seen seen = {0};

		assert_int_equal(
		        feed_list(text, sizeof(page) - 1, step, &seen, version, next, sizeof(next)),
		        0);
		assert_int_equal(seen.count, 2);
		assert_event(&seen.events[1], WATCH_PUT, "b", "");
		assert_string_equal(version, "900");
		assert_string_equal(next, "eyJ2+/=");
	}
}

/* Brackets, quotes and the word itself within strings are no structure. */
static void strings_do_not_end_items(void **state)
{
	static const char text[] =
	        "{\"a\":\"\\\"items\\\":[\",\"x\\\"items\":[1],\"items\" :\n [ "
	        "{\"metadata\":{\"name\":"
	        "\"a\",\"x\":\"]}\\\\\"}, \"items\":[{}]} ,{\"metadata\":{\"name\":\"b\"}}\t],"
	        "\"metadata\":{\"resourceVersion\":\"3\"}}";
	char version[WATCH_VERSION_MAX], next[16];
	struct seen seen = {0};

	(void)state;
	assert_int_equal(parse_list(test_tail(text, sizeof(text) - 1), sizeof(text) - 1, &seen,
	                            version, next, sizeof(next)),
	                 0);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.events[0].name, "a");
	assert_string_equal(seen.events[1].name, "b");
	assert_string_equal(version, "3");
}

static void item_that_is_too_long_is_left_out(void **state)
{
	static const char head[] = "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":["
	                           "{\"metadata\":{\"name\":\"a\"}},{\"metadata\":{\"name\":\"";
	static const char tail[] = "\"}},{\"metadata\":{\"name\":\"c\"}}]}";
	static char filler[WATCH_LINE_BYTES_MAX];
	char version[WATCH_VERSION_MAX], next[16];
	struct seen seen = {0};
	struct listing listing = {.on_event = on_event, .ctx = &seen};

	(void)state;
	memset(filler, 'b', sizeof(filler));
	assert_int_equal(listing_feed(&listing, head, sizeof(head) - 1), 0);
	assert_int_equal(listing_feed(&listing, filler, sizeof(filler)), 0);
	assert_int_equal(listing_feed(&listing, filler, sizeof(filler)), 0);
	assert_true(listing.item.cap <= WATCH_LINE_BYTES_MAX);
	assert_int_equal(listing_feed(&listing, tail, sizeof(tail) - 1), 0);
	assert_int_equal(listing_end(&listing, version, next, sizeof(next)), 0);
	listing_done(&listing);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.events[1].name, "c");
	assert_int_equal(listing.skip_count, 1);
}

static void what_stands_around_the_items_is_bounded(void **state)
{
	static char blanks[LISTING_REST_BYTES_MAX + 1];
	struct seen seen = {0};
	struct listing listing = {.on_event = on_event, .ctx = &seen};

	(void)state;
	memset(blanks, ' ', sizeof(blanks));
	assert_int_equal(listing_feed(&listing, blanks, sizeof(blanks)), -EBADMSG);
	listing_done(&listing);
}

static void last_page_has_no_next_token(void **state)
{
	static const char *const texts[] = {
	        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}",
	        "{\"metadata\":{\"resourceVersion\":\"1\",\"continue\":\"\"},\"items\":[]}",
	};
	char version[WATCH_VERSION_MAX], next[256];
	struct seen seen = {0};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(
		        parse_list(texts[i], strlen(texts[i]), &seen, version, next, sizeof(next)),
		        0);
		assert_string_equal(next, "");
		assert_string_equal(version, "1");
	}
	assert_int_equal(seen.count, 0);
}

static void commas_stand_between_items(void **state)
{
	static const char *const texts[] = {
	        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{\"metadata\":{\"name\":"
	        "\"a\"}},]}",
	        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{\"metadata\":{\"name\":"
	        "\"a\"}}{}]}",
	};
	char version[WATCH_VERSION_MAX], next[256];
	struct seen seen = {0};

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
		        parse_list(texts[i], strlen(texts[i]), &seen, version, next, sizeof(next)),
		        -EBADMSG);
	assert_int_equal(seen.count, 2);
}

static void prefix_of_a_list_is_no_list(void **state)
{
	char version[WATCH_VERSION_MAX], next[256];
	struct seen seen = {0};

	(void)state;
	/* Without its last newline it is whole. */
	for (size_t len = 0; len < sizeof(page) - 2; len++) {
		seen.count = 0;
		assert_int_equal(
		        parse_list(test_tail(page, len), len, &seen, version, next, sizeof(next)),
		        -EBADMSG);
		assert_in_range(seen.count, 0, 2);
	}
}

static void text_that_is_no_list_is_refused(void **state)
{
	static const char *const texts[] = {
	        "{}",
	        "[]",
	        "{\"items\":[]}",
	        "{\"metadata\":{\"resourceVersion\":\"\"},\"items\":[]}",
	        "{\"metadata\":{\"resourceVersion\":\"1\"}}",
	        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":{}}",
	        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":\"x\"}",
	        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[null]}",
	        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{\"metadata\":{}}]}",
	        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]} {}",
	        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[,]}",
	        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[[]]}",
	        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{]}",
	        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[}]}",
	        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[],\"items\":[]}",
	        "{\"metadata\":{\"resourceVersion\":\"1\",\"items\":[]}}",
	        "[{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}]",
	        "}",
	        "]]",
	};
	char version[WATCH_VERSION_MAX], next[256];
	struct seen seen = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(
		        parse_list(texts[i], strlen(texts[i]), &seen, version, next, sizeof(next)),
		        -EBADMSG);
	assert_int_equal(seen.count, 0);
}

/* A token that is cut would ask for a page that there is not. */
static void token_that_does_not_fit_is_refused(void **state)
{
	char version[WATCH_VERSION_MAX], next[8];
	struct seen seen = {0};

	(void)state;
	assert_int_equal(parse_list(page, sizeof(page) - 1, &seen, version, next, 8), 0);
	assert_int_equal(parse_list(page, sizeof(page) - 1, &seen, version, next, 7), -EBADMSG);
}

static void what_on_event_says_ends_the_list(void **state)
{
	char version[WATCH_VERSION_MAX], next[256];
	struct seen seen = {.fails_at = 0, .failure = -ENOSPC};

	(void)state;
	assert_int_equal(parse_list(page, sizeof(page) - 1, &seen, version, next, sizeof(next)),
	                 -ENOSPC);
	assert_int_equal(seen.count, 1);
}

TEST_MAIN(cmocka_unit_test(page_of_a_list_gives_its_items_version_and_next_token),
          cmocka_unit_test(page_in_pieces_of_any_size_is_the_same),
          cmocka_unit_test(strings_do_not_end_items),
          cmocka_unit_test(item_that_is_too_long_is_left_out),
          cmocka_unit_test(what_stands_around_the_items_is_bounded),
          cmocka_unit_test(last_page_has_no_next_token),
          cmocka_unit_test(commas_stand_between_items),
          cmocka_unit_test(prefix_of_a_list_is_no_list),
          cmocka_unit_test(text_that_is_no_list_is_refused),
          cmocka_unit_test(token_that_does_not_fit_is_refused),
          cmocka_unit_test(what_on_event_says_ends_the_list))
