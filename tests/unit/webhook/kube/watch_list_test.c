#include "webhook/kube/watch.h"

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
                         const char *version, enum watch_inject inject)
{
	assert_int_equal(event->kind, kind);
	assert_string_equal(event->name, name);
	assert_string_equal(event->version, version);
	assert_int_equal(event->inject, inject);
}

static int parse_list(const char *text, size_t len, struct seen *seen, char *out_version,
                      char *out_next, size_t next_cap)
{
	memset(out_version, '#', WATCH_VERSION_MAX);
	memset(out_next, '#', next_cap);
	return watch_parse_list(text, len, on_event, seen, out_version, out_next, next_cap);
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
	assert_event(&seen.events[0], WATCH_PUT, "a", "7", WATCH_INJECT_ENABLED);
	assert_event(&seen.events[1], WATCH_PUT, "b", "", WATCH_INJECT_NONE);
	assert_string_equal(version, "900");
	assert_string_equal(next, "eyJ2+/=");
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

static void prefix_of_a_list_is_no_list(void **state)
{
	char version[WATCH_VERSION_MAX], next[256];
	struct seen seen = {0};

	(void)state;
	/* Without its last newline it is whole. */
	for (size_t len = 0; len < sizeof(page) - 2; len++)
		assert_int_equal(
		        parse_list(test_tail(page, len), len, &seen, version, next, sizeof(next)),
		        -EBADMSG);
	assert_int_equal(seen.count, 0);
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

static void prefix_of_a_namespace_is_none(void **state)
{
	static const char text[] = "{\"kind\":\"Namespace\",\"metadata\":{\"name\":\"shop\","
	                           "\"resourceVersion\":\"5\",\"annotations\":{"
	                           "\"farguard.io/inject\":\"enabled\"}}}";
	struct watch_event event;

	(void)state;
	assert_int_equal(
	        watch_parse_namespace(test_tail(text, sizeof(text) - 1), sizeof(text) - 1, &event),
	        0);
	assert_event(&event, WATCH_PUT, "shop", "5", WATCH_INJECT_ENABLED);
	for (size_t len = 0; len < sizeof(text) - 1; len++)
		assert_int_equal(watch_parse_namespace(test_tail(text, len), len, &event),
		                 -EBADMSG);
}

TEST_MAIN(cmocka_unit_test(page_of_a_list_gives_its_items_version_and_next_token),
          cmocka_unit_test(last_page_has_no_next_token),
          cmocka_unit_test(prefix_of_a_list_is_no_list),
          cmocka_unit_test(text_that_is_no_list_is_refused),
          cmocka_unit_test(token_that_does_not_fit_is_refused),
          cmocka_unit_test(what_on_event_says_ends_the_list),
          cmocka_unit_test(prefix_of_a_namespace_is_none))
