#include "webhook/admit/notify.h"

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "injector/base/clock.h"
#include "injector/base/err.h"
#include "tests/harness.h"

/* No test waits so long: a change that is not seen fails by the clock. */
#define LONG_MS 20000

static char directory[64];

static const char *at(const char *name)
{
	static char path[4][512];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", directory, name);
	return path[turn];
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(at(name), "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static int make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/notify_test.XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_directory(void **state)
{
	(void)state;
	nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}

/* Returns whether the wait ended before its time. */
static bool sees(struct notify *notify)
{
	uint64_t start_ms = clock_ms();

	assert_true(notify_wait(notify, LONG_MS));
	return clock_ms() - start_ms < LONG_MS;
}

static void open_for(struct notify *notify, const char *name)
{
	struct err err = {0};

	assert_int_equal(notify_open(notify, at(name), &err), 0);
	assert_true(notify->watch >= 0);
}

static void edits_and_replacements_are_seen(void **state)
{
	struct notify notify;

	(void)state;
	write_file("f", "1");
	open_for(&notify, "f");
	write_file("f", "2");
	assert_true(sees(&notify));
	write_file("new", "3");
	assert_int_equal(rename(at("new"), at("f")), 0);
	assert_true(sees(&notify));
	assert_int_equal(unlink(at("f")), 0);
	assert_true(sees(&notify));
	notify_close(&notify);
	notify_close(&notify);
}

static void the_kubelets_swap_of_a_link_is_seen(void **state)
{
	struct notify notify;

	(void)state;
	mkdir(at("..1"), 0700);
	mkdir(at("..2"), 0700);
	write_file("..1/f", "1");
	write_file("..2/f", "2");
	assert_int_equal(symlink("..1", at("..data")), 0);
	assert_int_equal(symlink("..data/f", at("f")), 0);
	open_for(&notify, "f");
	assert_int_equal(symlink("..2", at("..data_tmp")), 0);
	assert_int_equal(rename(at("..data_tmp"), at("..data")), 0);
	assert_true(sees(&notify));
	notify_close(&notify);
}

static void a_directory_that_was_replaced_is_watched_again(void **state)
{
	struct notify notify;

	(void)state;
	mkdir(at("d"), 0700);
	write_file("d/f", "1");
	open_for(&notify, "d/f");
	assert_int_equal(rename(at("d"), at("old")), 0);
	assert_true(sees(&notify));
	mkdir(at("d"), 0700);
	/* Without a watch it is time that tells. */
	assert_true(notify_wait(&notify, 0));
	write_file("d/f", "2");
	assert_true(sees(&notify));
	notify_close(&notify);
}

static void without_a_change_the_time_passes(void **state)
{
	struct notify notify;
	uint64_t start_ms = clock_ms();
	struct err err = {0};

	(void)state;
	assert_int_equal(notify_open(&notify, "/no/such/directory/f", &err), 0);
	assert_true(notify_wait(&notify, 30));
	assert_true(clock_ms() - start_ms >= 30);
	notify_wake(&notify);
	assert_true(sees(&notify));
	notify_stop(&notify);
	assert_false(notify_wait(&notify, LONG_MS));
	notify_close(&notify);
}

static void *wait_on(void *ctx)
{
	static const char went_on;

	while (notify_wait(ctx, LONG_MS))
		continue;
	return (void *)(uintptr_t)&went_on;
}

static void changes_without_an_end_do_not_keep_it_from_stopping(void **state)
{
	struct notify notify;
	pthread_t thread;
	void *result = NULL;

	(void)state;
	open_for(&notify, "f");
	assert_int_equal(pthread_create(&thread, NULL, wait_on, &notify), 0);
	for (int i = 0; i < 50; i++)
		write_file("f", "x");
	notify_stop(&notify);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_non_null(result);
	notify_close(&notify);
}

#define WITH_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

TEST_MAIN(WITH_DIRECTORY(edits_and_replacements_are_seen),
          WITH_DIRECTORY(the_kubelets_swap_of_a_link_is_seen),
          WITH_DIRECTORY(a_directory_that_was_replaced_is_watched_again),
          WITH_DIRECTORY(without_a_change_the_time_passes),
          WITH_DIRECTORY(changes_without_an_end_do_not_keep_it_from_stopping))
