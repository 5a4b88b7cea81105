#include "injector/agent/launchers.h"

#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "injector/base/contract.h"
#include "tests/harness.h"

#define HEAD  "Num       RefCount Protocol Flags    Type St Inode Path\n"
#define LINE  "00000000b9d6785b: 00000002 00000000 00010000 0005 01 10664114"
#define OTHER "00000000b9d6785b: 00000003 00000000 00000000 0005 03  1563"

static unsigned in(const char *text)
{
	return launchers_in(test_tail(text, strlen(text)), strlen(text));
}

static void those_that_listen_at_a_rings_name_are_counted(void **state)
{
	(void)state;
	assert_int_equal(in(""), 0);
	assert_int_equal(in(HEAD), 0);
	assert_int_equal(in(HEAD LINE " @farguard-ring.4026532281\n"), 1);
	assert_int_equal(in(HEAD LINE " @farguard-ring.1\n" LINE "\n" LINE " @farguard-ring.2\n"),
	                 2);
	/* Connected to one; bound, but to something else; not whole. */
	assert_int_equal(in(OTHER " @farguard-ring.1\n" LINE " @farguard-agent\n" LINE
	                          " /farguard-ring.1\n" LINE " @farguard-ring.\n" LINE
	                          " @farguard-ring.3"),
	                 0);
	assert_int_equal(in("\n\n  \n@farguard-ring.1\n"), 0);
}

static void one_that_listens_is_found(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0), len;

	(void)state;
	len = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
	               CONTRACT_RING_SOCKET_PREFIX "test-%d", getpid());
	assert_int_equal(
	        bind(fd, (struct sockaddr *)&address,
	             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)),
	        0);
	assert_int_equal(listen(fd, 1), 0);
	/* Others may come and go on this machine; ours is there. */
	assert_true(launchers_count() >= 1);
	close(fd);
}

TEST_MAIN(cmocka_unit_test(those_that_listen_at_a_rings_name_are_counted),
          cmocka_unit_test(one_that_listens_is_found))
