#include "injector/launch/locker.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/harness.h"

/* One end of a pair, whose other end is told when the last holder has let it go. */
static int watched(int *out_other)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
	                 0);
	*out_other = pair[1];
	return pair[0];
}

static bool is_let_go(int other)
{
	char byte;

	return recv(other, &byte, 1, 0) == 0;
}

static void what_is_put_stays_open_whoever_closes_it(void **state)
{
	struct locker locker;
	int other, fd = watched(&other), found;

	(void)state;
	assert_int_equal(locker_open(&locker), 0);
	assert_int_equal(locker_look(&locker), -EAGAIN);
	assert_int_equal(locker_put(&locker, fd), 0);
	close(fd);
	assert_false(is_let_go(other));
	found = locker_look(&locker);
	assert_true(found >= 0);
	assert_int_equal(send(found, "x", 1, 0), 1);
	close(found);
	found = locker_look(&locker);
	assert_true(found >= 0);
	close(found);
	locker_drop(&locker);
	assert_int_equal(locker_look(&locker), -EAGAIN);
	assert_int_equal(recv(other, &found, 1, 0), 1);
	assert_true(is_let_go(other));
	close(other);
	locker_close(&locker);
	locker_close(&locker);
}

static void the_first_lies_in_front_until_it_is_dropped(void **state)
{
	struct locker locker;
	int others[2], fds[2] = {watched(&others[0]), watched(&others[1])};

	(void)state;
	assert_int_equal(locker_open(&locker), 0);
	assert_int_equal(locker_put(&locker, fds[0]), 0);
	assert_int_equal(locker_put(&locker, fds[1]), 0);
	close(fds[0]);
	close(fds[1]);
	locker_drop(&locker);
	assert_true(is_let_go(others[0]));
	assert_false(is_let_go(others[1]));
	locker_close(&locker);
	assert_true(is_let_go(others[1]));
	close(others[0]);
	close(others[1]);
}

TEST_MAIN(cmocka_unit_test(what_is_put_stays_open_whoever_closes_it),
          cmocka_unit_test(the_first_lies_in_front_until_it_is_dropped))
