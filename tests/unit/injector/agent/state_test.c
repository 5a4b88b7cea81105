#include "injector/agent/state.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/harness.h"

static struct state state;
static struct err err;
static int ends[2];

static int page_fd(size_t bytes)
{
	int fd = memfd_create("state", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	return fd;
}

/* As a worker inherits them: the state closes its copy of the pipe. */
static int open_fd(int fd)
{
	char text[64];

	assert_int_equal(pipe(ends), 0);
	snprintf(text, sizeof(text), "%d,%d,%d", fd, ends[0], ends[1]);
	err = (struct err){0};
	return state_open(&state, text, &err);
}

static void assert_empty(void)
{
	size_t i;

	assert_non_null(state.page);
	assert_int_equal(state.page->magic, STATE_MAGIC);
	assert_int_equal(state_out(state.page).bytes, 0);
	assert_int_equal(state_out(state.page).lines, 0);
	assert_int_equal(state.page->taken, 0);
	for (i = 0; i < SPOOL_FILES_MAX; i++)
		assert_int_equal(state.page->spool[i].name[0], '\0');
	for (i = 0; i < CONTAINERS_MAX; i++)
		assert_int_equal(state.page->containers[i].covered, 0);
	assert_true(state.pipe_in >= 0 && state.pipe_out >= 0);
}

static void without_descriptors_there_is_an_empty_state(void **ctx)
{
	(void)ctx;
	assert_int_equal(state_open(&state, NULL, &err), 0);
	assert_empty();
	state_close(&state);
	assert_null(state.page);
	state_close(&state);
	assert_int_equal(state_open(&state, "", &err), 0);
	assert_empty();
	state_close(&state);
}

static void what_goes_beyond_the_end_of_the_lines_is_at_their_beginning(void **ctx)
{
	(void)ctx;
	assert_int_equal(state_open(&state, NULL, &err), 0);
	memcpy(state.lines + SINK_BYTES - 3, "across", 6);
	assert_memory_equal(state.lines, "oss", 3);
	state.lines[0] = '0';
	assert_memory_equal(state.lines + SINK_BYTES, "0ss", 3);
	state_close(&state);
}

static void a_fresh_state_begins_empty_and_is_found_again_as_it_was_left(void **ctx)
{
	int fd = page_fd(STATE_BYTES);

	(void)ctx;
	assert_int_equal(open_fd(fd), 0);
	assert_empty();
	assert_int_equal(state.pipe_out, ends[0]);
	assert_int_equal(state.pipe_in, ends[1]);
	state_put_out(state.page, (struct state_out){4000, 41});
	state.page->taken = 4006;
	memcpy(state.lines + 4000, "line.\n", 6);
	memcpy(state.page->spool[0].name, "db", 3);
	state.page->spool[0].offset = 1108;
	state_close(&state);
	assert_int_equal(open_fd(fd), 0);
	assert_int_equal(state_out(state.page).bytes, 4000);
	assert_int_equal(state_out(state.page).lines, 41);
	assert_int_equal(state.page->taken, 4006);
	assert_memory_equal(state.lines + 4000, "line.\n", 6);
	assert_string_equal(state.page->spool[0].name, "db");
	assert_int_equal(state.page->spool[0].offset, 1108);
	state_close(&state);
	close(fd);
}

static void what_is_no_state_leaves_one_of_our_own_and_says_why(void **ctx)
{
	static const char *const wrong[] = {"x",      "-1",      "3",
	                                    "3,4",    "3,4,",    "3x,4,5",
	                                    " 3,4,5", "3,4,5,6", "99999999999999999999,1,2",
	                                    ",,,",    "3, 4,5",  "2147483648,4,5"};
	int fd = page_fd(STATE_BYTES - 1);
	size_t i;

	(void)ctx;
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(state_open(&state, wrong[i], &err), -EINVAL);
		assert_empty();
		state_close(&state);
	}
	assert_int_equal(open_fd(fd), -EBADF);
	assert_non_null(strstr(err.text, "is no memory of ours"));
	assert_empty();
	state_close(&state);
	close(fd);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(open_fd(fd + 100), -EBADF);
	assert_empty();
	state_close(&state);
	assert_int_equal(state_open(&state, "0,1,2", &err), -EBADF);
	assert_empty();
	state_close(&state);
}

static void garbage_is_an_empty_state(void **ctx)
{
	static unsigned char garbage[STATE_BYTES];
	int fd = page_fd(STATE_BYTES);

	(void)ctx;
	memset(garbage, 0xa5, sizeof(garbage));
	assert_int_equal(pwrite(fd, garbage, sizeof(garbage), 0), sizeof(garbage));
	assert_int_equal(open_fd(fd), 0);
	assert_empty();
	state_close(&state);
	close(fd);
}

static void torn_numbers_and_names_are_bounded(void **ctx)
{
	const uint32_t magic = STATE_MAGIC;
	static unsigned char torn[STATE_BYTES];
	int fd = page_fd(STATE_BYTES);
	size_t i;

	(void)ctx;
	memset(torn, 'a', sizeof(torn));
	memcpy(torn + offsetof(struct state_page, magic), &magic, sizeof(magic));
	memset(torn + offsetof(struct state_page, taken), 0xff, 8);
	assert_int_equal(pwrite(fd, torn, sizeof(torn), 0), sizeof(torn));
	assert_int_equal(open_fd(fd), 0);
	for (i = 0; i < SPOOL_FILES_MAX; i++)
		assert_int_equal(strlen(state.page->spool[i].name), HELLO_NAME_MAX - 1);
	assert_int_equal(state.page->taken, state_out(state.page).bytes);
	state_close(&state);
	close(fd);
}

static void how_the_agent_before_ended_is_said_once_even_of_one_that_never_began(void **ctx)
{
	int fd = page_fd(STATE_BYTES), status = 9;

	(void)ctx;
	assert_int_equal(pwrite(fd, &status, sizeof(status), CONTRACT_STATE_ENDED_AT),
	                 sizeof(status));
	assert_int_equal(open_fd(fd), 0);
	assert_empty();
	assert_int_equal(state_take_ended(state.page), 9);
	assert_int_equal(state_take_ended(state.page), 0);
	state_close(&state);
	close(fd);
}

TEST_MAIN(cmocka_unit_test(without_descriptors_there_is_an_empty_state),
          cmocka_unit_test(what_goes_beyond_the_end_of_the_lines_is_at_their_beginning),
          cmocka_unit_test(a_fresh_state_begins_empty_and_is_found_again_as_it_was_left),
          cmocka_unit_test(what_is_no_state_leaves_one_of_our_own_and_says_why),
          cmocka_unit_test(garbage_is_an_empty_state),
          cmocka_unit_test(torn_numbers_and_names_are_bounded),
          cmocka_unit_test(how_the_agent_before_ended_is_said_once_even_of_one_that_never_began))
