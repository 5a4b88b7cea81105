#include "webhook/kube/namespaces.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

#include "tests/harness.h"

#define READER_COUNT 3
#define ROUND_COUNT  200

static int apply(struct namespaces *set, enum watch_kind kind, const char *name,
                 enum namespaces_inject inject)
{
	static const char *const texts[] = {
	        [NAMESPACES_INJECT_NONE] = "{\"metadata\":{}}",
	        [NAMESPACES_INJECT_ENABLED] =
	                "{\"metadata\":{\"annotations\":{\"farguard.io/inject\":\"enabled\"}}}",
	        [NAMESPACES_INJECT_DISABLED] =
	                "{\"metadata\":{\"labels\":{\"farguard.io/inject\":\"disabled\"}}}"};
	struct watch_event event = {.kind = kind, .object = json_tokener_parse(texts[inject])};
	int r;

	snprintf(event.name, sizeof(event.name), "%s", name);
	r = namespaces_apply(set, &event);
	json_object_put(event.object);
	return r;
}

static void put(struct namespaces *set, const char *name, enum namespaces_inject inject)
{
	assert_int_equal(apply(set, WATCH_PUT, name, inject), 0);
}

static void assert_says(struct namespaces *set, const char *name, enum namespaces_inject expected)
{
	struct namespaces_words words = {.inject = (enum namespaces_inject)77};

	assert_true(namespaces_find(set, name, &words));
	assert_int_equal(words.inject, expected);
}

static void assert_unknown(struct namespaces *set, const char *name)
{
	struct namespaces_words words = {.inject = (enum namespaces_inject)77};

	assert_false(namespaces_find(set, name, &words));
	assert_int_equal(words.inject, 77);
}

static void namespace_says_what_was_put_last(void **state)
{
	struct namespaces set;

	(void)state;
	assert_int_equal(namespaces_init(&set), 0);
	assert_unknown(&set, "shop");
	put(&set, "shop", NAMESPACES_INJECT_ENABLED);
	assert_says(&set, "shop", NAMESPACES_INJECT_ENABLED);
	put(&set, "shop", NAMESPACES_INJECT_DISABLED);
	put(&set, "shops", NAMESPACES_INJECT_NONE);
	assert_says(&set, "shop", NAMESPACES_INJECT_DISABLED);
	assert_says(&set, "shops", NAMESPACES_INJECT_NONE);
	assert_unknown(&set, "sho");
	assert_unknown(&set, "");
	assert_int_equal(namespaces_count(&set), 2);
	namespaces_done(&set);
}

static void deleting_forgets_one_and_only_one(void **state)
{
	struct namespaces set;

	(void)state;
	namespaces_init(&set);
	put(&set, "a", NAMESPACES_INJECT_ENABLED);
	put(&set, "b", NAMESPACES_INJECT_DISABLED);
	put(&set, "c", NAMESPACES_INJECT_ENABLED);
	assert_int_equal(apply(&set, WATCH_DELETE, "b", NAMESPACES_INJECT_NONE), 0);
	assert_int_equal(apply(&set, WATCH_DELETE, "b", NAMESPACES_INJECT_NONE), 0);
	assert_int_equal(apply(&set, WATCH_DELETE, "bb", NAMESPACES_INJECT_NONE), 0);
	assert_unknown(&set, "b");
	assert_says(&set, "a", NAMESPACES_INJECT_ENABLED);
	assert_says(&set, "c", NAMESPACES_INJECT_ENABLED);
	assert_int_equal(apply(&set, WATCH_DELETE, "c", NAMESPACES_INJECT_NONE), 0);
	assert_int_equal(apply(&set, WATCH_DELETE, "a", NAMESPACES_INJECT_NONE), 0);
	assert_int_equal(namespaces_count(&set), 0);
	put(&set, "b", NAMESPACES_INJECT_NONE);
	assert_says(&set, "b", NAMESPACES_INJECT_NONE);
	namespaces_done(&set);
}

static void bookmarks_and_errors_change_nothing(void **state)
{
	struct namespaces set;

	(void)state;
	namespaces_init(&set);
	put(&set, "a", NAMESPACES_INJECT_ENABLED);
	assert_int_equal(apply(&set, WATCH_BOOKMARK, "b", NAMESPACES_INJECT_ENABLED), 0);
	assert_int_equal(apply(&set, WATCH_ERROR, "a", NAMESPACES_INJECT_NONE), 0);
	assert_int_equal(namespaces_count(&set), 1);
	assert_says(&set, "a", NAMESPACES_INJECT_ENABLED);
	namespaces_done(&set);
}

static void list_replaces_what_was_known_at_its_end(void **state)
{
	struct namespaces set;

	(void)state;
	namespaces_init(&set);
	put(&set, "gone", NAMESPACES_INJECT_ENABLED);
	put(&set, "kept", NAMESPACES_INJECT_ENABLED);
	put(&set, "zz-gone", NAMESPACES_INJECT_ENABLED);
	assert_false(namespaces_is_listed(&set));
	namespaces_begin_list(&set);
	put(&set, "kept", NAMESPACES_INJECT_DISABLED);
	put(&set, "new", NAMESPACES_INJECT_ENABLED);
	/* Until the list is whole, what was known before counts. */
	assert_says(&set, "gone", NAMESPACES_INJECT_ENABLED);
	assert_false(namespaces_is_listed(&set));
	namespaces_end_list(&set);
	assert_true(namespaces_is_listed(&set));
	assert_unknown(&set, "gone");
	assert_unknown(&set, "zz-gone");
	assert_says(&set, "kept", NAMESPACES_INJECT_DISABLED);
	assert_says(&set, "new", NAMESPACES_INJECT_ENABLED);
	assert_int_equal(namespaces_count(&set), 2);
	namespaces_begin_list(&set);
	assert_true(namespaces_is_listed(&set));
	namespaces_end_list(&set);
	assert_int_equal(namespaces_count(&set), 0);
	namespaces_done(&set);
}

/* A list that broke off half way is begun again: nothing may be lost by that. */
static void list_begun_twice_forgets_only_at_its_end(void **state)
{
	struct namespaces set;

	(void)state;
	namespaces_init(&set);
	put(&set, "a", NAMESPACES_INJECT_ENABLED);
	put(&set, "b", NAMESPACES_INJECT_ENABLED);
	namespaces_begin_list(&set);
	put(&set, "a", NAMESPACES_INJECT_ENABLED);
	namespaces_begin_list(&set);
	assert_says(&set, "a", NAMESPACES_INJECT_ENABLED);
	assert_says(&set, "b", NAMESPACES_INJECT_ENABLED);
	put(&set, "b", NAMESPACES_INJECT_ENABLED);
	namespaces_end_list(&set);
	assert_unknown(&set, "a");
	assert_says(&set, "b", NAMESPACES_INJECT_ENABLED);
	namespaces_done(&set);
}

/* 7919 is prime, so this visits each number once, in no order. */
static void many_stay_sorted_and_are_found(void **state)
{
	const unsigned count = 3000;
	struct namespaces set;
	char name[32];

	(void)state;
	namespaces_init(&set);
	for (unsigned i = 0; i < count; i++) {
		unsigned number = i * 7919 % count;

		snprintf(name, sizeof(name), "ns-%u", number);
		put(&set, name, (enum namespaces_inject)(number % 3));
	}
	assert_int_equal(namespaces_count(&set), count);
	for (size_t i = 1; i < set.count; i++)
		assert_true(strcmp(set.items[i - 1].name, set.items[i].name) < 0);
	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "ns-%u", i);
		assert_says(&set, name, (enum namespaces_inject)(i % 3));
		if (i % 2)
			apply(&set, WATCH_DELETE, name, NAMESPACES_INJECT_NONE);
	}
	assert_int_equal(namespaces_count(&set), count / 2);
	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "ns-%u", i);
		if (i % 2)
			assert_unknown(&set, name);
		else
			assert_says(&set, name, (enum namespaces_inject)(i % 3));
	}
	namespaces_done(&set);
}

static void full_table_refuses_new_names_and_keeps_the_old(void **state)
{
	struct namespaces set;
	char name[32];

	(void)state;
	namespaces_init(&set);
	for (unsigned i = 0; i < NAMESPACES_MAX; i++) {
		snprintf(name, sizeof(name), "ns-%06u", i);
		put(&set, name, NAMESPACES_INJECT_NONE);
	}
	assert_int_equal(apply(&set, WATCH_PUT, "one-more", NAMESPACES_INJECT_NONE), -ENOSPC);
	assert_int_equal(namespaces_count(&set), NAMESPACES_MAX);
	put(&set, "ns-000007", NAMESPACES_INJECT_ENABLED);
	assert_says(&set, "ns-000007", NAMESPACES_INJECT_ENABLED);
	apply(&set, WATCH_DELETE, "ns-000008", NAMESPACES_INJECT_NONE);
	put(&set, "one-more", NAMESPACES_INJECT_DISABLED);
	assert_says(&set, "one-more", NAMESPACES_INJECT_DISABLED);
	namespaces_done(&set);
}

static void done_leaves_nothing(void **state)
{
	struct namespaces set;

	(void)state;
	namespaces_init(&set);
	put(&set, "a", NAMESPACES_INJECT_ENABLED);
	namespaces_done(&set);
	assert_null(set.items);
	assert_int_equal(set.count, 0);
}

struct crowd {
	struct namespaces set;
	atomic_bool is_over;
	atomic_uint wrong_count;
	atomic_uint read_count;
};

/* "fixed" is in every list; "flips" says one of two things or is not there. */
static void *read_all_the_time(void *ctx)
{
	struct crowd *crowd = ctx;

	while (!atomic_load(&crowd->is_over)) {
		struct namespaces_words fixed = {0}, flips = {.inject = NAMESPACES_INJECT_ENABLED};
		bool is_fixed = namespaces_find(&crowd->set, "fixed", &fixed);

		namespaces_find(&crowd->set, "flips", &flips);
		if (!is_fixed || fixed.inject != NAMESPACES_INJECT_ENABLED ||
		    flips.inject == NAMESPACES_INJECT_NONE || namespaces_count(&crowd->set) < 1 ||
		    !namespaces_is_listed(&crowd->set))
			atomic_fetch_add(&crowd->wrong_count, 1);
		atomic_fetch_add(&crowd->read_count, 1);
	}
	return NULL;
}

static void write_round(struct namespaces *set, unsigned round)
{
	char name[32];

	namespaces_begin_list(set);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "ns-%u", (i + round) % 120);
		put(set, name, NAMESPACES_INJECT_NONE);
	}
	put(set, "fixed", NAMESPACES_INJECT_ENABLED);
	namespaces_end_list(set);
	put(set, "flips", round % 2 ? NAMESPACES_INJECT_ENABLED : NAMESPACES_INJECT_DISABLED);
	apply(set, WATCH_DELETE, "flips", NAMESPACES_INJECT_NONE);
}

static void readers_see_whole_states_while_one_writes(void **state)
{
	static struct crowd crowd;
	pthread_t readers[READER_COUNT];

	(void)state;
	namespaces_init(&crowd.set);
	write_round(&crowd.set, 0);
	for (unsigned i = 0; i < READER_COUNT; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_all_the_time, &crowd), 0);
	for (unsigned round = 0; round < ROUND_COUNT || atomic_load(&crowd.read_count) < 1000;
	     round++)
		write_round(&crowd.set, round);
	atomic_store(&crowd.is_over, true);
	for (unsigned i = 0; i < READER_COUNT; i++)
		assert_int_equal(pthread_join(readers[i], NULL), 0);
	assert_int_equal(atomic_load(&crowd.wrong_count), 0);
	assert_int_equal(namespaces_count(&crowd.set), 51);
	namespaces_done(&crowd.set);
}

static struct namespaces_words words_of(const char *metadata)
{
	char text[512];
	struct namespaces_words words = {(enum namespaces_inject)77, (enum namespaces_pid1)77};
	int n = snprintf(text, sizeof(text), "{\"metadata\":{\"name\":\"a\"%s}}", metadata);

	assert_in_range(n, 1, sizeof(text) - 1);
	assert_int_equal(namespaces_parse(test_tail(text, (size_t)n), (size_t)n, &words), 0);
	return words;
}

static enum namespaces_inject inject_of(const char *metadata)
{
	return words_of(metadata).inject;
}

static void annotation_counts_more_than_the_label(void **state)
{
#define ANNOTATION(value) ",\"annotations\":{\"farguard.io/inject\":" value "}"
#define LABEL(value)      ",\"labels\":{\"farguard.io/inject\":" value "}"
	(void)state;
	assert_int_equal(inject_of(""), NAMESPACES_INJECT_NONE);
	assert_int_equal(inject_of(ANNOTATION("\"enabled\"")), NAMESPACES_INJECT_ENABLED);
	assert_int_equal(inject_of(ANNOTATION("\"disabled\"")), NAMESPACES_INJECT_DISABLED);
	assert_int_equal(inject_of(LABEL("\"enabled\"")), NAMESPACES_INJECT_ENABLED);
	assert_int_equal(inject_of(LABEL("\"disabled\"")), NAMESPACES_INJECT_DISABLED);
	assert_int_equal(inject_of(LABEL("\"enabled\"") ANNOTATION("\"disabled\"")),
	                 NAMESPACES_INJECT_DISABLED);
	assert_int_equal(inject_of(ANNOTATION("\"enabled\"") LABEL("\"disabled\"")),
	                 NAMESPACES_INJECT_ENABLED);
	/* A word that is none of ours says nothing, and still stands before the label. */
	assert_int_equal(inject_of(ANNOTATION("\"maybe\"") LABEL("\"enabled\"")),
	                 NAMESPACES_INJECT_NONE);
	assert_int_equal(inject_of(ANNOTATION("\"\"") LABEL("\"enabled\"")),
	                 NAMESPACES_INJECT_NONE);
	assert_int_equal(inject_of(LABEL("\"Enabled\"")), NAMESPACES_INJECT_NONE);
	assert_int_equal(inject_of(LABEL("\"true\"")), NAMESPACES_INJECT_NONE);
	assert_int_equal(inject_of(",\"annotations\":null" LABEL("\"enabled\"")),
	                 NAMESPACES_INJECT_ENABLED);
	assert_int_equal(inject_of(",\"annotations\":{\"farguard.io/injected\":\"enabled\"}"),
	                 NAMESPACES_INJECT_NONE);
}

static void first_process_is_read_beside_it(void **state)
{
	struct namespaces_words both = words_of(",\"labels\":{\"farguard.io/inject\":\"enabled\","
	                                        "\"farguard.io/pid1\":\"program\"}");

	(void)state;
	assert_int_equal(both.inject, NAMESPACES_INJECT_ENABLED);
	assert_int_equal(both.pid1, NAMESPACES_PID1_PROGRAM);
	assert_int_equal(words_of("").pid1, NAMESPACES_PID1_NONE);
	assert_int_equal(words_of(",\"annotations\":{\"farguard.io/pid1\":\"auto\"}").pid1,
	                 NAMESPACES_PID1_AUTO);
	assert_int_equal(words_of(",\"annotations\":{\"farguard.io/pid1\":\"farguard\"},"
	                          "\"labels\":{\"farguard.io/pid1\":\"program\"}")
	                         .pid1,
	                 NAMESPACES_PID1_FARGUARD);
	assert_int_equal(words_of(",\"annotations\":{\"farguard.io/pid1\":\"Program\"}").pid1,
	                 NAMESPACES_PID1_NONE);
}

static void prefix_of_a_namespace_is_none(void **state)
{
	static const char text[] = "{\"kind\":\"Namespace\",\"metadata\":{\"name\":\"shop\","
	                           "\"resourceVersion\":\"5\",\"annotations\":{"
	                           "\"farguard.io/inject\":\"enabled\"}}}";
	struct namespaces_words words = {0};

	(void)state;
	assert_int_equal(
	        namespaces_parse(test_tail(text, sizeof(text) - 1), sizeof(text) - 1, &words), 0);
	assert_int_equal(words.inject, NAMESPACES_INJECT_ENABLED);
	for (size_t len = 0; len < sizeof(text) - 1; len++)
		assert_int_equal(namespaces_parse(test_tail(text, len), len, &words), -EBADMSG);
}

TEST_MAIN(cmocka_unit_test(namespace_says_what_was_put_last),
          cmocka_unit_test(deleting_forgets_one_and_only_one),
          cmocka_unit_test(bookmarks_and_errors_change_nothing),
          cmocka_unit_test(list_replaces_what_was_known_at_its_end),
          cmocka_unit_test(list_begun_twice_forgets_only_at_its_end),
          cmocka_unit_test(many_stay_sorted_and_are_found),
          cmocka_unit_test(full_table_refuses_new_names_and_keeps_the_old),
          cmocka_unit_test(done_leaves_nothing),
          cmocka_unit_test(readers_see_whole_states_while_one_writes),
          cmocka_unit_test(annotation_counts_more_than_the_label),
          cmocka_unit_test(first_process_is_read_beside_it),
          cmocka_unit_test(prefix_of_a_namespace_is_none))
