#include "webhook/kube/objects.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness.h"

#define ROUND_COUNT 300

static void put(struct objects *set, const char *namespace, const char *name, const char *text)
{
	assert_int_equal(objects_put(set, namespace, name, text, strlen(text)), 0);
}

static void assert_list(struct objects *set, const char *namespace, const char *expected)
{
	char *text = objects_list(set, namespace);

	if (expected)
		assert_string_equal(text, expected);
	else
		assert_null(text);
	free(text);
}

static void namespace_has_its_texts_and_no_others(void **state)
{
	struct objects set;

	(void)state;
	assert_int_equal(objects_init(&set), 0);
	assert_list(&set, "shop", NULL);
	put(&set, "shop", "b", "{\"b\":1}");
	put(&set, "shop", "a", "{\"a\":1}");
	put(&set, "shops", "a", "{\"c\":1}");
	put(&set, "sho", "p", "{\"d\":1}");
	assert_list(&set, "shop", "[{\"a\":1},{\"b\":1}]");
	assert_list(&set, "shops", "[{\"c\":1}]");
	assert_list(&set, "sho", "[{\"d\":1}]");
	assert_list(&set, "sh", NULL);
	assert_list(&set, "", NULL);
	assert_int_equal(objects_count(&set), 4);
	objects_done(&set);
}

static void text_is_as_it_was_put_last(void **state)
{
	struct objects set;

	(void)state;
	objects_init(&set);
	put(&set, "n", "a", "{\"long\":\"text\"}");
	put(&set, "n", "a", "{}");
	assert_list(&set, "n", "[{}]");
	objects_delete(&set, "n", "aa");
	objects_delete(&set, "na", "a");
	assert_int_equal(objects_count(&set), 1);
	objects_delete(&set, "n", "a");
	objects_delete(&set, "n", "a");
	assert_list(&set, "n", NULL);
	assert_int_equal(set.bytes, 0);
	objects_done(&set);
}

static void list_replaces_what_was_known_at_its_end(void **state)
{
	struct objects set;

	(void)state;
	objects_init(&set);
	put(&set, "n", "gone", "1");
	put(&set, "n", "kept", "2");
	assert_false(objects_is_listed(&set));
	objects_begin_list(&set);
	put(&set, "n", "kept", "3");
	put(&set, "n", "new", "4");
	/* Until the list is whole, what was known before counts. */
	assert_list(&set, "n", "[1,3,4]");
	assert_false(objects_is_listed(&set));
	objects_end_list(&set);
	assert_list(&set, "n", "[3,4]");
	assert_true(objects_is_listed(&set));
	/* One that broke off is begun again: nothing may be lost by that. */
	objects_begin_list(&set);
	put(&set, "n", "kept", "5");
	objects_begin_list(&set);
	put(&set, "n", "new", "6");
	assert_list(&set, "n", "[5,6]");
	objects_end_list(&set);
	assert_list(&set, "n", "[6]");
	objects_done(&set);
}

static void text_that_is_too_long_is_forgotten(void **state)
{
	struct objects set;
	static char text[OBJECTS_TEXT_BYTES_MAX + 1];
	char *listed;

	(void)state;
	memset(text, '1', sizeof(text));
	objects_init(&set);
	assert_int_equal(objects_put(&set, "n", "a", text, sizeof(text) - 1), 0);
	listed = objects_list(&set, "n");
	assert_int_equal(strlen(listed), sizeof(text) + 1);
	free(listed);
	assert_int_equal(objects_put(&set, "n", "a", text, sizeof(text)), -EFBIG);
	assert_list(&set, "n", NULL);
	objects_done(&set);
}

static void one_namespace_does_not_take_the_room_of_others(void **state)
{
	struct objects set;
	char name[16];

	(void)state;
	objects_init(&set);
	for (unsigned i = 0; i < OBJECTS_A_NAMESPACE; i++) {
		snprintf(name, sizeof(name), "%u", i);
		put(&set, "greedy", name, "{}");
	}
	assert_int_equal(objects_put(&set, "greedy", "one-more", "{}", 2), -ENOSPC);
	put(&set, "greedy", "3", "{\"changed\":1}");
	put(&set, "g", "a", "{}");
	put(&set, "other", "a", "{}");
	objects_delete(&set, "greedy", "5");
	put(&set, "greedy", "one-more", "{}");
	assert_int_equal(objects_count(&set), OBJECTS_A_NAMESPACE + 2);
	objects_done(&set);
}

static void all_together_are_bounded_in_bytes(void **state)
{
	static char text[OBJECTS_TEXT_BYTES_MAX];
	struct objects set;
	char name[16];
	unsigned i = 0;
	int r;

	(void)state;
	memset(text, '1', sizeof(text));
	objects_init(&set);
	do {
		snprintf(name, sizeof(name), "%u", i++);
		r = objects_put(&set, name, "a", text, sizeof(text));
	} while (r == 0);
	assert_int_equal(r, -ENOSPC);
	assert_true(set.bytes <= OBJECTS_BYTES_MAX);
	assert_true(set.bytes > OBJECTS_BYTES_MAX - 2 * sizeof(text));
	put(&set, "small", "a", "{}");
	objects_done(&set);
}

/* 7919 is prime, so this visits each number once, in no order. */
static void many_are_found(void **state)
{
	const unsigned count = 4000;
	struct objects set;
	char namespace[16], text[16], expected[32];

	(void)state;
	objects_init(&set);
	for (unsigned i = 0; i < count; i++) {
		unsigned number = i * 7919 % count;

		snprintf(namespace, sizeof(namespace), "ns-%u", number / 2);
		snprintf(text, sizeof(text), "%u", number);
		put(&set, namespace, number % 2 ? "b" : "a", text);
	}
	assert_int_equal(objects_count(&set), count);
	for (unsigned i = 0; i < count / 2; i++) {
		snprintf(namespace, sizeof(namespace), "ns-%u", i);
		snprintf(expected, sizeof(expected), "[%u,%u]", 2 * i, 2 * i + 1);
		assert_list(&set, namespace, expected);
	}
	objects_done(&set);
}

struct crowd {
	struct objects set;
	atomic_bool is_over;
	atomic_uint wrong_count, read_count;
};

static void *read_all_the_time(void *ctx)
{
	struct crowd *crowd = ctx;

	while (!atomic_load(&crowd->is_over)) {
		char *text = objects_list(&crowd->set, "n");

		if (!text || (strcmp(text, "[\"one\"]") != 0 && strcmp(text, "[\"another\"]") != 0))
			atomic_fetch_add(&crowd->wrong_count, 1);
		free(text);
		atomic_fetch_add(&crowd->read_count, 1);
	}
	return NULL;
}

static void readers_see_whole_texts_while_one_writes(void **state)
{
	static struct crowd crowd;
	pthread_t readers[2];
	char name[16];

	(void)state;
	objects_init(&crowd.set);
	put(&crowd.set, "n", "a", "\"one\"");
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_all_the_time, &crowd), 0);
	for (unsigned i = 0; i < ROUND_COUNT || atomic_load(&crowd.read_count) < 1000; i++) {
		objects_begin_list(&crowd.set);
		snprintf(name, sizeof(name), "m-%u", i % 50);
		put(&crowd.set, name, "b", "{}");
		put(&crowd.set, "n", "a", i % 2 ? "\"one\"" : "\"another\"");
		objects_end_list(&crowd.set);
	}
	atomic_store(&crowd.is_over, true);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_join(readers[i], NULL), 0);
	assert_int_equal(atomic_load(&crowd.wrong_count), 0);
	objects_done(&crowd.set);
}

TEST_MAIN(cmocka_unit_test(namespace_has_its_texts_and_no_others),
          cmocka_unit_test(text_is_as_it_was_put_last),
          cmocka_unit_test(list_replaces_what_was_known_at_its_end),
          cmocka_unit_test(text_that_is_too_long_is_forgotten),
          cmocka_unit_test(one_namespace_does_not_take_the_room_of_others),
          cmocka_unit_test(all_together_are_bounded_in_bytes), cmocka_unit_test(many_are_found),
          cmocka_unit_test(readers_see_whole_texts_while_one_writes))
