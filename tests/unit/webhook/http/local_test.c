#include "webhook/http/local.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/harness.h"

static bool is_near(int family, const char *text)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	void *to = family == AF_INET ? (void *)&in.sin_addr : (void *)&in6.sin6_addr;
	size_t len = family == AF_INET ? sizeof(in) : sizeof(in6);

	assert_int_equal(inet_pton(family, text, to), 1);
	return local_is_near((const struct sockaddr *)test_tail(
	        family == AF_INET ? (void *)&in : (void *)&in6, len));
}

static void near_is_what_leads_back_here(void **state)
{
	static const char *const near4[] = {"127.0.0.1", "127.255.255.255", "0.0.0.0", "0.1.2.3",
	                                    "169.254.169.254"};
	static const char *const far4[] = {"10.0.0.1",      "126.255.255.255", "128.0.0.1",
	                                   "169.253.255.1", "172.16.0.1",      "192.168.0.1",
	                                   "1.1.1.1"};
	static const char *const near6[] = {"::1",
	                                    "::",
	                                    "fe80::1",
	                                    "febf::1",
	                                    "::ffff:127.0.0.1",
	                                    "::ffff:169.254.169.254",
	                                    "64:ff9b::127.0.0.1",
	                                    "64:ff9b::169.254.169.254"};
	static const char *const far6[] = {
	        "::2",    "fd00::1", "2606:4700::1111", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1",
	        "fec0::1"};

	(void)state;
	for (size_t i = 0; i < sizeof(near4) / sizeof(*near4); i++)
		assert_true(is_near(AF_INET, near4[i]));
	for (size_t i = 0; i < sizeof(far4) / sizeof(*far4); i++)
		assert_false(is_near(AF_INET, far4[i]));
	for (size_t i = 0; i < sizeof(near6) / sizeof(*near6); i++)
		assert_true(is_near(AF_INET6, near6[i]));
	for (size_t i = 0; i < sizeof(far6) / sizeof(*far6); i++)
		assert_false(is_near(AF_INET6, far6[i]));
}

static void another_family_is_not_trusted(void **state)
{
	struct sockaddr other = {.sa_family = AF_UNIX};

	(void)state;
	assert_true(local_is_near(&other));
}

static void loopback_is_an_address_and_no_name(void **state)
{
	(void)state;
	assert_true(local_is_loopback("127.0.0.1"));
	assert_true(local_is_loopback("127.0.0.1:80/x"));
	assert_true(local_is_loopback("[::1]/x"));
	assert_false(local_is_loopback("localhost"));
	assert_false(local_is_loopback("127.0.0.1.example.com"));
	assert_false(local_is_loopback("[::11]"));
	assert_false(local_is_loopback("128.0.0.1"));
	assert_false(local_is_loopback(""));
}

TEST_MAIN(cmocka_unit_test(near_is_what_leads_back_here),
          cmocka_unit_test(another_family_is_not_trusted),
          cmocka_unit_test(loopback_is_an_address_and_no_name))
