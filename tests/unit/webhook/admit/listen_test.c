#include "webhook/admit/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "injector/base/err.h"
#include "tests/harness.h"

/* Whether `port` of 127.0.0.1 takes connections. */
static bool answers(unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_port = htons((uint16_t)port),
	                              .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool connected = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	close(fd);
	return connected;
}

static unsigned port_of(const char *address)
{
	return (unsigned)strtoul(strrchr(address, ':') + 1, NULL, 10);
}

static void an_address_with_a_host_is_bound_alone(void **unused)
{
	struct err err = {0};
	char bound[80];
	int fd = -1;

	(void)unused;
	assert_int_equal(listen_open("127.0.0.1:0", &fd, bound, sizeof(bound), &err), 0);
	assert_int_equal(strncmp(bound, "127.0.0.1:", 10), 0);
	assert_true(answers(port_of(bound)));
	close(fd);
}

static void without_a_host_ipv4_reaches_it_too(void **unused)
{
	struct err err = {0};
	char bound[80];
	int fd = -1;

	(void)unused;
	assert_int_equal(listen_open(":0", &fd, bound, sizeof(bound), &err), 0);
	assert_true(answers(port_of(bound)));
	close(fd);
}

static void a_port_that_is_taken_is_named(void **unused)
{
	struct err err = {0};
	char bound[80], again[80];
	int fd = -1, other = -1;

	(void)unused;
	assert_int_equal(listen_open("127.0.0.1:0", &fd, bound, sizeof(bound), &err), 0);
	assert_int_equal(listen_open(bound, &other, again, sizeof(again), &err), -EADDRINUSE);
	assert_non_null(strstr(err.text, bound));
	assert_int_equal(other, -1);
	close(fd);
}

static void what_is_no_address_is_refused(void **unused)
{
	static const char *const wrong[] = {"",          "8443",      "localhost:1", ":http",
	                                    ":99999999", "[::1:8443", "1.2.3:x",     "300.0.0.1:1"};
	struct err err;
	char bound[80];
	int fd = -1;

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		err = (struct err){0};
		if (listen_open(wrong[i], &fd, bound, sizeof(bound), &err) >= 0)
			fail_msg("\"%s\" was taken as %s", wrong[i], bound);
		assert_true(err.text[0]);
		assert_int_equal(fd, -1);
	}
}

TEST_MAIN(cmocka_unit_test(an_address_with_a_host_is_bound_alone),
          cmocka_unit_test(without_a_host_ipv4_reaches_it_too),
          cmocka_unit_test(a_port_that_is_taken_is_named),
          cmocka_unit_test(what_is_no_address_is_refused))
