#include "injector/launch/host.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "injector/launch/address.h"
#include "injector/launch/fds.h"
#include "injector/launch/handoff.h"
#include "tests/harness.h"

static int dial(void)
{
	struct sockaddr_un address;
	socklen_t len = address_of_ring(&address);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, len), 0);
	return fd;
}

static void whoever_asks_gets_the_ring_and_is_let_go(void **state)
{
	struct host host;
	struct ring ring;
	char byte;
	int client, fd;

	(void)state;
	assert_int_equal(host_open(&host, false), 0);
	assert_false(host.joined);
	client = dial();
	assert_true(host_serve(&host));
	fd = handoff_receive(client);
	assert_true(fd >= 0);
	assert_int_equal(ring_open(&ring, fd), 0);
	atomic_store(&host.ring.shared->dropped, 17);
	assert_int_equal(atomic_load(&ring.shared->dropped), 17);
	assert_int_equal(recv(client, &byte, 1, 0), 0);
	ring_close(&ring);
	close(fd);
	close(client);
	host_close(&host);
	host_close(&host);
}

static void garbage_and_clients_that_left_change_nothing(void **state)
{
	struct host host;
	int clients[HOST_TURN], i, fd;

	(void)state;
	assert_int_equal(host_open(&host, false), 0);
	for (i = 0; i < HOST_TURN; i++) {
		clients[i] = dial();
		if (i % 3 == 0)
			assert_int_equal(send(clients[i], "GET / HTTP/1.1", 14, 0), 14);
		if (i % 3 == 1)
			close(clients[i]);
	}
	assert_true(host_serve(&host));
	for (i = 0; i < HOST_TURN; i++) {
		if (i % 3 == 1)
			continue;
		/* One that talked instead of listening has lost its answer: unix(7), ECONNRESET. */
		if (i % 3 == 0) {
			close(clients[i]);
			continue;
		}
		fd = handoff_receive(clients[i]);
		assert_true(fd >= 0);
		close(fd);
		close(clients[i]);
	}
	assert_true(host_serve(&host)); /* and nobody else waits */
	host_close(&host);
}

static void without_descriptors_it_says_that_it_cannot_answer(void **state)
{
	struct host host;
	struct rlimit old, none;
	int client, fd;

	(void)state;
	assert_int_equal(host_open(&host, false), 0);
	client = dial();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_false(host_serve(&host));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_true(host_serve(&host));
	fd = handoff_receive(client);
	assert_true(fd >= 0);
	close(fd);
	close(client);
	host_close(&host);
}

/* Listen under the ring's name, and say nothing. */
static int take_the_name(void)
{
	struct sockaddr_un address;
	socklen_t len = address_of_ring(&address);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static void a_launcher_that_does_not_answer_is_given_up(void **state)
{
	struct host host;
	int silent = take_the_name();

	(void)state;
	assert_int_equal(host_open(&host, false), -EAGAIN);
	assert_int_equal(host.ring_fd, -1);
	assert_int_equal(host.listener, -1);
	close(silent);
	assert_int_equal(host_open(&host, false), 0);
	host_close(&host);
}

static void what_is_handed_over_must_be_a_ring(void **state)
{
	int pair[2], fd, file = memfd_create("not-a-ring", MFD_CLOEXEC);
	struct ring ring;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(handoff_send(pair[0], "", 1, file), 0);
	fd = handoff_receive(pair[1]);
	assert_true(fd >= 0);
	assert_int_equal(ring_open(&ring, fd), -EBADMSG);
	close(fd);
	assert_int_equal(handoff_send(pair[0], "", 1, -1), 0);
	assert_int_equal(handoff_receive(pair[1]), -EBADMSG);
	assert_int_equal(handoff_send(pair[0], "xx", 2, -1), 0);
	assert_int_equal(handoff_receive(pair[1]), -EBADMSG);
	close(pair[0]);
	assert_int_equal(handoff_receive(pair[1]), -EBADMSG);
	close(pair[1]);
	close(file);
}

static void an_address_that_is_too_long_is_none(void **state)
{
	struct sockaddr_un address;
	char name[120];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[107] = '\0';
	assert_int_equal(address_make(&address, name, ""), sizeof(address));
	assert_int_equal(address_make(&address, "y", name), 0);
	assert_int_equal(address_make(&address, "a", "b"), sizeof(sa_family_t) + 3);
	assert_memory_equal(address.sun_path, "\0ab", 3);
}

static int in_own_network(void **state)
{
	(void)state;
	return unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 ? 0 : -1;
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
	        cmocka_unit_test(whoever_asks_gets_the_ring_and_is_let_go),
	        cmocka_unit_test(garbage_and_clients_that_left_change_nothing),
	        cmocka_unit_test(without_descriptors_it_says_that_it_cannot_answer),
	        cmocka_unit_test(a_launcher_that_does_not_answer_is_given_up),
	        cmocka_unit_test(what_is_handed_over_must_be_a_ring),
	        cmocka_unit_test(an_address_that_is_too_long_is_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(cases, in_own_network, NULL);
}
