#include "webhook/registry/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/harness.h"
#include "webhook/registry/config.h"

static const uint8_t *key_of(unsigned n)
{
	static uint8_t key[DIGEST_BYTES];
	struct str part = {(const char *)&n, sizeof(n)};

	assert_int_equal(digest_sum(&part, 1, key), 0);
	return key;
}

static struct images_config config_of(size_t len)
{
	struct images_config config = {.cmd = calloc(2, sizeof(char *))};

	assert_non_null(config.cmd);
	config.cmd[0] = malloc(len + 1);
	assert_non_null(config.cmd[0]);
	memset(config.cmd[0], 'x', len);
	config.cmd[0][len] = '\0';
	return config;
}

static void put(struct store *store, unsigned n, size_t len, uint64_t now_ms)
{
	struct store_entry *entry = store_add(store, key_of(n), now_ms);
	struct images_config config = config_of(len);

	assert_non_null(entry);
	store_put(store, entry, &config, "sha256:x", now_ms + 1);
	assert_null(config.cmd);
}

static void longest_unused_goes_first(void **state)
{
	struct store store = {0};

	(void)state;
	for (unsigned i = 0; i < IMAGES_ENTRIES_MAX; i++)
		put(&store, i, 1, i);
	assert_int_equal(store.count, IMAGES_ENTRIES_MAX);
	store_find(&store, key_of(0))->used_ms = 100000;
	store_find(&store, key_of(1))->is_asked = true;
	put(&store, 5000, 1, 100001);
	assert_int_equal(store.count, IMAGES_ENTRIES_MAX);
	assert_non_null(store_find(&store, key_of(0)));
	assert_non_null(store_find(&store, key_of(1)));
	assert_null(store_find(&store, key_of(2)));
	assert_non_null(store_find(&store, key_of(3)));
	assert_non_null(store_find(&store, key_of(5000)));
	store_done(&store);
	assert_int_equal(store.count, 0);
	assert_int_equal(store.bytes, 0);
	store_done(&store);
}

static void none_is_added_when_all_are_being_asked_for(void **state)
{
	struct store store = {0};

	(void)state;
	for (unsigned i = 0; i < IMAGES_ENTRIES_MAX; i++)
		store_add(&store, key_of(i), i)->is_asked = true;
	assert_null(store_add(&store, key_of(5000), 1));
	store_done(&store);
}

static void bytes_are_bounded_too(void **state)
{
	struct store store = {0};
	const size_t len = 16000;

	(void)state;
	for (unsigned i = 0; i < 600; i++) {
		put(&store, i, len, i);
		assert_true(store.bytes <= STORE_BYTES_MAX);
		assert_non_null(store_find(&store, key_of(i)));
	}
	assert_true(store.count > 250);
	assert_null(store_find(&store, key_of(0)));
	/* One that is answered anew is counted once. */
	for (unsigned i = 0; i < 600; i++) {
		struct images_config config = config_of(len);

		store_put(&store, store_find(&store, key_of(599)), &config, "sha256:y", 1);
	}
	assert_non_null(store_find(&store, key_of(598)));
	store_done(&store);
	assert_int_equal(store.bytes, 0);
}

static void failure_leaves_what_was_known(void **state)
{
	struct store store = {0};
	struct store_entry *entry;

	(void)state;
	put(&store, 1, 3, 0);
	entry = store_find(&store, key_of(1));
	store_put_error(entry, 13, "no", 7);
	assert_int_equal(entry->error, 13);
	assert_string_equal(entry->text, "no");
	assert_string_equal(entry->digest, "sha256:x");
	store_put_again(entry, 9);
	assert_int_equal(entry->error, 0);
	assert_int_equal(entry->until_ms, 9);
	assert_string_equal(entry->config.cmd[0], "xxx");
	store_done(&store);
}

static void copy_is_whole(void **state)
{
	char *entrypoint[] = {(char *)(uintptr_t) "a", (char *)(uintptr_t) "", NULL};
	char preload[] = "p";
	struct images_config config = {.entrypoint = entrypoint, .ld_preload = preload}, copy;

	(void)state;
	assert_true(config_copy(&config, &copy));
	assert_ptr_not_equal(copy.entrypoint[0], entrypoint[0]);
	assert_string_equal(copy.entrypoint[0], "a");
	assert_string_equal(copy.entrypoint[1], "");
	assert_null(copy.entrypoint[2]);
	assert_null(copy.cmd);
	assert_string_equal(copy.ld_preload, "p");
	assert_int_equal(config_bytes(&copy), config_bytes(&config));
	images_config_done(&copy);
	assert_true(config_copy(&copy, &copy));
	assert_int_equal(config_bytes(&copy), 0);
}

static void sum_tells_lists_apart(void **state)
{
	struct str one[] = {STR("ab"), STR("c")}, other[] = {STR("a"), STR("bc")};
	uint8_t a[DIGEST_BYTES], b[DIGEST_BYTES];
	char text[REFERENCE_DIGEST_MAX];

	(void)state;
	assert_int_equal(digest_sum(one, 2, a), 0);
	assert_int_equal(digest_sum(other, 2, b), 0);
	assert_memory_not_equal(a, b, DIGEST_BYTES);
	assert_int_equal(digest_format("abc", 3, text), 0);
	assert_string_equal(
	        text, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_MAIN(cmocka_unit_test(longest_unused_goes_first),
          cmocka_unit_test(none_is_added_when_all_are_being_asked_for),
          cmocka_unit_test(bytes_are_bounded_too), cmocka_unit_test(failure_leaves_what_was_known),
          cmocka_unit_test(copy_is_whole), cmocka_unit_test(sum_tells_lists_apart))
