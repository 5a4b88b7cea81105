#include "injector/agent/state.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/harness.h"

static struct state_page *page;
static struct err err;

static int page_fd(size_t bytes)
{
	int fd = memfd_create("state", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	return fd;
}

static int open_fd(int fd)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", fd);
	page = NULL;
	err = (struct err){0};
	return state_open(&page, text, &err);
}

static void assert_empty(void)
{
	size_t i;

	assert_non_null(page);
	assert_int_equal(page->magic, STATE_MAGIC);
	assert_int_equal(page->lines, 0);
	assert_int_equal(page->mid_line, 0);
	for (i = 0; i < SPOOL_FILES_MAX; i++)
		assert_int_equal(page->spool[i].name[0], '\0');
	for (i = 0; i < CONTAINERS_MAX; i++)
		assert_int_equal(page->containers[i].covered, 0);
}

static void without_a_descriptor_there_is_an_empty_page(void **state)
{
	(void)state;
	assert_int_equal(state_open(&page, NULL, &err), 0);
	assert_empty();
	assert_int_equal(state_open(&page, "", &err), 0);
	assert_empty();
}

static void a_fresh_page_begins_empty_and_is_found_again_as_it_was_left(void **state)
{
	int fd = page_fd(STATE_BYTES);

	(void)state;
	assert_int_equal(open_fd(fd), 0);
	assert_empty();
	page->lines = 41;
	page->mid_line = 1;
	memcpy(page->spool[0].name, "db", 3);
	page->spool[0].offset = 1108;
	munmap(page, STATE_BYTES);
	assert_int_equal(open_fd(fd), 0);
	assert_int_equal(page->lines, 41);
	assert_int_equal(page->mid_line, 1);
	assert_string_equal(page->spool[0].name, "db");
	assert_int_equal(page->spool[0].offset, 1108);
	munmap(page, STATE_BYTES);
	close(fd);
}

static void what_is_no_page_leaves_one_of_our_own_and_says_why(void **state)
{
	static const char *const wrong[] = {"x",         "-1", "3x", " ", "99999999999999999999",
	                                    "2147483648"};
	int fd = page_fd(STATE_BYTES - 1), ends[2];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		page = NULL;
		assert_int_equal(state_open(&page, wrong[i], &err), -EINVAL);
		assert_empty();
	}
	assert_int_equal(open_fd(fd), -EBADF);
	assert_non_null(strstr(err.text, "is no page of memory"));
	assert_empty();
	close(fd);
	assert_int_equal(open_fd(fd), -EBADF);
	assert_empty();
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(open_fd(ends[0]), -EBADF);
	assert_empty();
	close(ends[0]);
	close(ends[1]);
}

static void garbage_is_an_empty_page(void **state)
{
	unsigned char garbage[STATE_BYTES];
	int fd = page_fd(STATE_BYTES);

	(void)state;
	memset(garbage, 0xa5, sizeof(garbage));
	assert_int_equal(pwrite(fd, garbage, sizeof(garbage), 0), sizeof(garbage));
	assert_int_equal(open_fd(fd), 0);
	assert_empty();
	munmap(page, STATE_BYTES);
	close(fd);
}

static void names_in_a_torn_page_have_an_end(void **state)
{
	const uint32_t magic = STATE_MAGIC;
	unsigned char torn[STATE_BYTES];
	int fd = page_fd(STATE_BYTES);
	size_t i;

	(void)state;
	memset(torn, 'a', sizeof(torn));
	memcpy(torn, &magic, sizeof(magic));
	assert_int_equal(pwrite(fd, torn, sizeof(torn), 0), sizeof(torn));
	assert_int_equal(open_fd(fd), 0);
	for (i = 0; i < SPOOL_FILES_MAX; i++)
		assert_int_equal(strlen(page->spool[i].name), HELLO_NAME_MAX - 1);
	munmap(page, STATE_BYTES);
	close(fd);
}

static void how_the_agent_before_ended_is_said_once_and_beside_the_rest(void **state)
{
	int fd = page_fd(STATE_BYTES), status = 9;

	(void)state;
	assert_int_equal(open_fd(fd), 0);
	assert_int_equal(state_take_ended(page), 0);
	memset(page, 0, sizeof(*page));
	assert_int_equal(pwrite(fd, &status, sizeof(status),
	                        CONTRACT_STATE_BYTES - CONTRACT_STATE_ENDED_BYTES),
	                 sizeof(status));
	memset(page, 0, sizeof(*page)); /* not part of it */
	assert_int_equal(state_take_ended(page), 9);
	assert_int_equal(state_take_ended(page), 0);
	munmap(page, STATE_BYTES);
	close(fd);
}

TEST_MAIN(cmocka_unit_test(without_a_descriptor_there_is_an_empty_page),
          cmocka_unit_test(a_fresh_page_begins_empty_and_is_found_again_as_it_was_left),
          cmocka_unit_test(what_is_no_page_leaves_one_of_our_own_and_says_why),
          cmocka_unit_test(garbage_is_an_empty_page),
          cmocka_unit_test(names_in_a_torn_page_have_an_end),
          cmocka_unit_test(how_the_agent_before_ended_is_said_once_and_beside_the_rest))
