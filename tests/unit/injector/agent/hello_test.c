#include "injector/agent/hello.h"

#include "tests/harness.h"

static struct hello good(void)
{
	return (struct hello){.magic = HELLO_MAGIC,
	                      .version = HELLO_VERSION,
	                      .kind = HELLO_START,
	                      .pid1 = HELLO_PID1_FARGUARD,
	                      .no_new_privs = HELLO_NNP_POD,
	                      .pid = 7,
	                      .container = "web",
	                      .users = "0:root\n"};
}

/* Whether it is taken; what was there before stays when it is not. */
static bool takes(const void *bytes, size_t len)
{
	struct hello out, before;
	bool taken;

	memset(&out, 0x5a, sizeof(out));
	before = out;
	taken = hello_take(&out, test_tail(bytes, len), len);
	if (taken)
		assert_memory_equal(&out, bytes, sizeof(out));
	else
		assert_memory_equal(&out, &before, sizeof(out));
	return taken;
}

static void one_of_exactly_the_right_size_is_taken(void **state)
{
	unsigned char more[sizeof(struct hello) + 8] = {0};
	struct hello hello = good();
	size_t len;

	(void)state;
	memcpy(more, &hello, sizeof(hello));
	for (len = 0; len <= sizeof(more); len++)
		assert_int_equal(takes(more, len), len == sizeof(hello));
}

static void another_magic_version_or_kind_is_refused(void **state)
{
	struct hello hello;
	unsigned kind;

	(void)state;
	hello = good();
	hello.magic ^= 1;
	assert_false(takes(&hello, sizeof(hello)));
	hello = good();
	hello.version = 0;
	assert_false(takes(&hello, sizeof(hello)));
	hello.version = HELLO_VERSION + 1;
	assert_false(takes(&hello, sizeof(hello)));
	hello = good();
	hello.flags = HELLO_FLAGS + 1;
	assert_false(takes(&hello, sizeof(hello)));
	for (kind = 0; kind < 256; kind++) {
		hello = good();
		hello.kind = (uint8_t)kind;
		assert_int_equal(takes(&hello, sizeof(hello)),
		                 kind == HELLO_START || kind == HELLO_END);
	}
}

static void strings_without_their_end_and_no_name_are_refused(void **state)
{
	struct hello hello = good();

	(void)state;
	memset(hello.container, 'a', sizeof(hello.container));
	assert_false(takes(&hello, sizeof(hello)));
	hello.container[HELLO_NAME_MAX - 1] = '\0';
	assert_true(takes(&hello, sizeof(hello)));
	hello.container[0] = '\0';
	assert_false(takes(&hello, sizeof(hello)));
	hello = good();
	memset(hello.users, 'a', sizeof(hello.users));
	assert_false(takes(&hello, sizeof(hello)));
	hello.users[HELLO_USERS_MAX - 1] = '\0';
	assert_true(takes(&hello, sizeof(hello)));
}

static void every_value_has_a_word_of_the_schema(void **state)
{
	struct hello hello = good();
	unsigned value;

	(void)state;
	assert_string_equal(hello_pid1(&hello), "farguard");
	assert_string_equal(hello_no_new_privs(&hello), "pod");
	hello.pid1 = HELLO_PID1_SHARED;
	hello.no_new_privs = HELLO_NNP_FARGUARD;
	assert_string_equal(hello_pid1(&hello), "shared");
	assert_string_equal(hello_no_new_privs(&hello), "farguard");
	hello.no_new_privs = HELLO_NNP_NONE;
	assert_null(hello_no_new_privs(&hello));
	for (value = 4; value <= 256; value++) {
		hello.pid1 = hello.no_new_privs = (uint8_t)value;
		assert_string_equal(hello_pid1(&hello), "program");
		assert_null(hello_no_new_privs(&hello));
	}
}

TEST_MAIN(cmocka_unit_test(one_of_exactly_the_right_size_is_taken),
          cmocka_unit_test(another_magic_version_or_kind_is_refused),
          cmocka_unit_test(strings_without_their_end_and_no_name_are_refused),
          cmocka_unit_test(every_value_has_a_word_of_the_schema))
