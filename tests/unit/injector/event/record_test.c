#include <stdlib.h>
#include <string.h>

#include "injector/event/record.h"
#include "tests/harness.h"

/* Whether `len` bytes of `bytes` are a record.  Records are aligned, so the copy that the
 * sanitizers watch over ends with its block of memory, not at a guard page. */
static bool check(const void *bytes, size_t len)
{
	void *block = malloc(len ? len : 1);
	bool good;

	assert_non_null(block);
	if (len)
		memcpy(block, bytes, len);
	good = record_check(block, len);
	free(block);
	return good;
}

/* A record of `kind` with `text` behind it, whose head says `said` bytes of text. */
static bool says(uint16_t kind, const void *text, size_t len, size_t said)
{
	unsigned char buf[RECORD_BYTES_MAX + 64];
	struct record head = {.kind = kind, .text_bytes = (uint32_t)said};

	memcpy(buf, &head, sizeof(head));
	if (len)
		memcpy(buf + sizeof(head), text, len);
	return check(buf, sizeof(head) + len);
}

static bool good(uint16_t kind, const void *text, size_t len)
{
	return says(kind, text, len, len);
}

static void an_exec_has_a_path_and_a_directory_at_least(void **state)
{
	(void)state;
	assert_true(good(RECORD_EXEC_TRY, "/bin/ls\0/tmp\0ls\0-l", 19));
	assert_true(good(RECORD_EXEC_DONE, "/bin/ls\0", 9));
	assert_false(good(RECORD_EXEC_DONE, "/bin/ls", 8));
	assert_false(good(RECORD_EXEC_TRY, "/bin/ls\0/tmp\0ls\0-l", 18));
	assert_false(good(RECORD_EXEC_TRY, "", 0));
}

static void an_open_has_exactly_two_strings(void **state)
{
	(void)state;
	assert_true(good(RECORD_OPEN, "a\0b", 4));
	assert_false(good(RECORD_OPEN, "a\0b\0c", 6));
	assert_false(good(RECORD_OPEN, "a", 2));
}

static void a_connect_carries_an_address_not_a_string(void **state)
{
	unsigned char address[129] = {2};

	(void)state;
	assert_true(good(RECORD_CONNECT, address, 16));
	assert_true(good(RECORD_CONNECT, address, 128));
	assert_false(good(RECORD_CONNECT, address, 129));
	assert_false(good(RECORD_CONNECT, address, 1));
}

static void an_exit_has_no_text(void **state)
{
	(void)state;
	assert_true(good(RECORD_EXIT, NULL, 0));
	assert_true(good(RECORD_EXEC_FAIL, NULL, 0));
	assert_false(good(RECORD_EXIT, "", 1));
}

static void unknown_kinds_and_wrong_lengths_are_garbage(void **state)
{
	(void)state;
	assert_false(good(0, "a\0b", 4));
	assert_false(good(RECORD_KIND_END, "a\0b", 4));
	assert_false(good(UINT16_MAX, "a\0b", 4));
	assert_false(says(RECORD_OPEN, "a\0b", 4, 5));
	assert_false(says(RECORD_OPEN, "a\0b", 4, UINT32_MAX));
}

static void every_prefix_of_a_record_is_garbage(void **state)
{
	struct record head = {.kind = RECORD_OPEN, .text_bytes = 4};
	unsigned char buf[sizeof(head) + 4];
	size_t len;

	(void)state;
	memcpy(buf, &head, sizeof(head));
	memcpy(buf + sizeof(head), "a\0b", 4);
	for (len = 0; len < sizeof(buf); len++)
		assert_false(check(buf, len));
	assert_true(check(buf, len));
}

TEST_MAIN(cmocka_unit_test(an_exec_has_a_path_and_a_directory_at_least),
          cmocka_unit_test(an_open_has_exactly_two_strings),
          cmocka_unit_test(a_connect_carries_an_address_not_a_string),
          cmocka_unit_test(an_exit_has_no_text),
          cmocka_unit_test(unknown_kinds_and_wrong_lengths_are_garbage),
          cmocka_unit_test(every_prefix_of_a_record_is_garbage))
