#include "injector/launch/agentlink.h"

#include <errno.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "injector/base/contract.h"
#include "injector/launch/address.h"
#include "tests/harness.h"

static struct hello hello = {.magic = HELLO_MAGIC,
                             .version = HELLO_VERSION,
                             .kind = HELLO_START,
                             .pid1 = HELLO_PID1_SHARED,
                             .pid = 7,
                             .container = "web"};
static int ring_fd = -1;
static struct locker locker;

static int listen_as_agent(void)
{
	struct sockaddr_un address;
	socklen_t len = address_make(&address, CONTRACT_AGENT_SOCKET, "");
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

/* Take the next hello; returns how many bytes, with the number of descriptors that came along. */
static ssize_t take(int conn, struct hello *out, int *out_fds)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec iov = {out, sizeof(*out)};
	struct msghdr message = {.msg_iov = &iov,
	                         .msg_iovlen = 1,
	                         .msg_control = &control,
	                         .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(conn, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	*out_fds = 0;
	if (n > 0 && message.msg_controllen) {
		int fd;

		*out_fds = (int)((control.head.cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
		close(fd);
	}
	return n;
}

static void an_agent_that_listens_gets_hello_with_the_ring_and_the_end(void **state)
{
	struct agentlink link;
	struct hello got;
	int server = listen_as_agent(), conn, fds;

	(void)state;
	agentlink_start(&link, &hello, ring_fd, &locker);
	agentlink_try(&link, 1000);
	assert_true(link.reached);
	assert_int_equal(agentlink_wait(&link, 1000), -1);
	conn = accept(server, NULL, NULL);
	assert_int_equal(take(conn, &got, &fds), sizeof(got));
	assert_int_equal(fds, 1);
	assert_memory_equal(&got, &hello, sizeof(got));
	agentlink_end(&link, 0x300);
	assert_int_equal(take(conn, &got, &fds), sizeof(got));
	assert_int_equal(fds, 0);
	assert_int_equal(got.kind, HELLO_END);
	assert_int_equal(got.wait_status, 0x300);
	assert_int_equal(take(conn, &got, &fds), 0);
	close(conn);
	close(server);
}

static void without_an_agent_it_is_tried_less_and_less_often(void **state)
{
	struct agentlink link;
	uint64_t now = 5000;
	unsigned i;

	(void)state;
	agentlink_start(&link, &hello, ring_fd, &locker);
	assert_int_equal(agentlink_wait(&link, now), 0);
	for (i = 1; i < 10; i++) {
		agentlink_try(&link, now);
		assert_false(link.reached);
		assert_int_equal(agentlink_wait(&link, now), agentlink_backoff(i));
		agentlink_try(&link, now); /* too early: not counted */
		now += agentlink_backoff(i);
	}
	assert_int_equal(agentlink_backoff(1), 20);
	assert_int_equal(agentlink_backoff(1000), 1000);
	agentlink_end(&link, 0);
}

static void an_agent_that_comes_back_hears_hello_again(void **state)
{
	struct agentlink link;
	struct hello got;
	int server = listen_as_agent(), conn, fds;

	(void)state;
	agentlink_start(&link, &hello, ring_fd, &locker);
	agentlink_try(&link, 0);
	close(accept(server, NULL, NULL));
	close(server);
	errno = EAGAIN; /* of whatever was done before */
	agentlink_lost(&link, 0);
	assert_int_equal(link.sock, -1);
	server = listen_as_agent();
	agentlink_try(&link, 0);
	assert_int_equal(link.sock, -1);
	agentlink_try(&link, agentlink_backoff(1));
	assert_true(link.sock >= 0);
	conn = accept(server, NULL, NULL);
	assert_int_equal(take(conn, &got, &fds), sizeof(got));
	assert_int_equal(got.kind, HELLO_START);
	assert_int_equal(fds, 1);
	agentlink_end(&link, 0);
	close(conn);
	close(server);
}

static void an_agent_that_talks_is_listened_to_and_not_left(void **state)
{
	struct agentlink link;
	int server = listen_as_agent(), conn;

	(void)state;
	agentlink_start(&link, &hello, ring_fd, &locker);
	agentlink_try(&link, 0);
	conn = accept(server, NULL, NULL);
	assert_int_equal(send(conn, "what?", 5, 0), 5);
	agentlink_lost(&link, 0);
	agentlink_lost(&link, 0);
	assert_true(link.sock >= 0);
	agentlink_end(&link, 0);
	close(conn);
	close(server);
}

static void a_process_of_our_own_container_is_an_impostor(void **state)
{
	struct agentlink link;
	struct hello alone = hello;
	int server = listen_as_agent();

	(void)state;
	alone.pid1 = HELLO_PID1_FARGUARD;
	agentlink_start(&link, &alone, ring_fd, &locker);
	agentlink_try(&link, 0);
	assert_false(link.reached);
	assert_int_equal(link.sock, -1);
	agentlink_end(&link, 0);
	close(server);
}

static void an_end_finds_an_agent_that_came_back_just_now(void **state)
{
	struct agentlink link;
	struct hello got;
	int server, conn, fds;

	(void)state;
	agentlink_start(&link, &hello, ring_fd, &locker);
	agentlink_try(&link, 100);
	server = listen_as_agent();
	agentlink_end(&link, 9);
	conn = accept(server, NULL, NULL);
	assert_int_equal(take(conn, &got, &fds), sizeof(got));
	assert_int_equal(got.kind, HELLO_START);
	assert_int_equal(fds, 1);
	assert_int_equal(take(conn, &got, &fds), sizeof(got));
	assert_int_equal(got.kind, HELLO_END);
	assert_int_equal(got.wait_status, 9);
	close(conn);
	close(server);
}

static void a_worker_that_died_leaves_its_connection_to_the_next(void **state)
{
	struct agentlink first, second;
	struct hello got, again = hello;
	int server = listen_as_agent(), conn, fds;

	(void)state;
	agentlink_start(&first, &hello, ring_fd, &locker);
	agentlink_try(&first, 0);
	conn = accept(server, NULL, NULL);
	assert_int_equal(take(conn, &got, &fds), sizeof(got));
	close(first.sock); /* as the kernel does for who is killed */
	assert_int_equal(take(conn, &got, &fds), -1);
	assert_int_equal(errno, EAGAIN);
	again.restarts = 1;
	agentlink_start(&second, &again, ring_fd, &locker);
	assert_true(second.reached);
	assert_int_equal(agentlink_wait(&second, 0), -1);
	assert_int_equal(take(conn, &got, &fds), sizeof(got));
	assert_int_equal(got.kind, HELLO_START);
	assert_int_equal(got.restarts, 1);
	agentlink_end(&second, 5);
	assert_int_equal(take(conn, &got, &fds), sizeof(got));
	assert_int_equal(got.wait_status, 5);
	assert_int_equal(take(conn, &got, &fds), 0);
	assert_int_equal(locker_look(&locker), -EAGAIN);
	close(conn);
	close(server);
}

static void a_connection_that_ended_meanwhile_is_made_anew(void **state)
{
	struct agentlink first, second;
	struct hello got;
	int server = listen_as_agent(), conn, fds;

	(void)state;
	agentlink_start(&first, &hello, ring_fd, &locker);
	agentlink_try(&first, 0);
	conn = accept(server, NULL, NULL);
	close(first.sock);
	close(conn);
	agentlink_start(&second, &hello, ring_fd, &locker);
	assert_false(second.reached);
	agentlink_try(&second, 0);
	assert_true(second.reached);
	conn = accept(server, NULL, NULL);
	assert_int_equal(take(conn, &got, &fds), sizeof(got));
	assert_int_equal(fds, 1);
	agentlink_end(&second, 0);
	close(conn);
	close(server);
}

/* The names are one network namespace's: not the machine's, where a real agent may listen. */
static int in_own_network(void **state)
{
	(void)state;
	ring_fd = dup(STDIN_FILENO);
	if (locker_open(&locker) < 0)
		return -1;
	return unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 ? 0 : -1;
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
	        cmocka_unit_test(an_agent_that_listens_gets_hello_with_the_ring_and_the_end),
	        cmocka_unit_test(without_an_agent_it_is_tried_less_and_less_often),
	        cmocka_unit_test(an_agent_that_comes_back_hears_hello_again),
	        cmocka_unit_test(an_agent_that_talks_is_listened_to_and_not_left),
	        cmocka_unit_test(a_process_of_our_own_container_is_an_impostor),
	        cmocka_unit_test(a_worker_that_died_leaves_its_connection_to_the_next),
	        cmocka_unit_test(a_connection_that_ended_meanwhile_is_made_anew),
	        cmocka_unit_test(an_end_finds_an_agent_that_came_back_just_now),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(cases, in_own_network, NULL);
}
