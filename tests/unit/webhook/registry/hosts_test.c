#include "webhook/registry/hosts.h"

#include <errno.h>
#include <stdio.h>

#include "injector/base/err.h"
#include "tests/harness.h"
#include "webhook/registry/images.h"
#include "webhook/registry/place.h"

static void host_that_does_not_answer_is_left_alone(void **state)
{
	static const struct {
		int r;
		long retry_after_s;
		uint64_t pause_s;
	} cases[] = {{0, 0, 0},
	             {0, 500, 0},
	             {-ENOENT, 0, 0},
	             {-EACCES, 0, 0},
	             {-EBADMSG, 0, 0},
	             {-ETIMEDOUT, 0, HOSTS_PAUSE_S},
	             {-ECONNREFUSED, 0, HOSTS_PAUSE_S},
	             {-EBUSY, 5, HOSTS_PAUSE_S},
	             {-EBUSY, 100, 100},
	             {-EBUSY, 1000000000, HOSTS_PAUSE_S_MAX},
	             {-EBUSY, -1, HOSTS_PAUSE_S}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct hosts hosts = {0};
		uint64_t end_ms = 1000 + cases[i].pause_s * 1000;

		hosts_begin(&hosts, "https://a", 1000);
		hosts_end(&hosts, "https://a", cases[i].r, cases[i].retry_after_s, 1000);
		assert_int_equal(hosts_is_paused(&hosts, "https://a", 1000), cases[i].pause_s > 0);
		assert_int_equal(hosts_is_paused(&hosts, "https://a", end_ms - 1),
		                 cases[i].pause_s > 0);
		assert_false(hosts_is_paused(&hosts, "https://a", end_ms));
		assert_false(hosts_is_paused(&hosts, "https://b", 1000));
	}
}

static void second_worker_goes_where_it_is_answered(void **state)
{
	struct hosts hosts = {0};

	(void)state;
	assert_true(hosts_may_begin(&hosts, "https://a", 0));
	hosts_begin(&hosts, "https://a", 0);
	assert_false(hosts_may_begin(&hosts, "https://a", 0));
	assert_true(hosts_may_begin(&hosts, "https://b", 0));
	hosts_end(&hosts, "https://a", 0, 0, 0);
	hosts_begin(&hosts, "https://a", 0);
	assert_true(hosts_may_begin(&hosts, "https://a", 0));
	assert_false(hosts_may_begin(&hosts, "https://a", HOSTS_GOOD_S * 1000));
	hosts_begin(&hosts, "https://a", 0);
	hosts_end(&hosts, "https://a", -ETIMEDOUT, 0, 0);
	assert_false(hosts_may_begin(&hosts, "https://a", 0));
	hosts_end(&hosts, "https://a", 0, 0, 0);
	assert_true(hosts_may_begin(&hosts, "https://a", HOSTS_GOOD_S * 1000));
}

static void longest_not_asked_is_forgotten(void **state)
{
	struct hosts hosts = {0};
	char base[32];

	(void)state;
	hosts_begin(&hosts, "https://held", 0);
	for (unsigned i = 1; i < 500; i++) {
		snprintf(base, sizeof(base), "https://%u", i);
		hosts_begin(&hosts, base, i);
		hosts_end(&hosts, base, -ETIMEDOUT, 0, i);
	}
	assert_true(hosts_is_paused(&hosts, "https://499", 500));
	assert_false(hosts_is_paused(&hosts, "https://1", 2));
	assert_false(hosts_may_begin(&hosts, "https://held", 500));
	hosts_end(&hosts, "https://held", 0, 0, 500);
}

static int find(const struct images_endpoint *endpoints, const char *image, struct place *out)
{
	struct reference reference;
	struct places places;
	struct err err = {0};

	assert_int_equal(places_init(&places, endpoints, &err), 0);
	assert_int_equal(reference_parse(image, &reference, &err), 0);
	return places_find(&places, &reference, out, &err);
}

static void registry_is_where_the_name_says(void **state)
{
	struct place place;

	(void)state;
	assert_int_equal(find(NULL, "nginx", &place), 0);
	assert_string_equal(place.base, "https://registry-1.docker.io");
	assert_int_equal(find(NULL, "Quay.IO:443/a", &place), 0);
	assert_string_equal(place.base, "https://quay.io");
	assert_int_equal(find(NULL, "10.0.0.1:5000/a", &place), 0);
	assert_string_equal(place.base, "https://10.0.0.1:5000");
	assert_false(place.is_near);
	/* What is on the node is not on this machine. */
	assert_int_equal(find(NULL, "localhost/a", &place), -EINVAL);
	assert_int_equal(find(NULL, "localhost:5000/a", &place), -EINVAL);
	assert_int_equal(find(NULL, "127.0.0.1:5000/a", &place), -EINVAL);
	assert_int_equal(find(NULL, "[::1]:5000/a", &place), -EINVAL);
}

static void endpoint_stands_in_for_a_registry(void **state)
{
	static const struct images_endpoint endpoints[] = {
	        {"docker.io", "https://mirror.example:5000/"},
	        {"localhost:5000", "http://127.0.0.1:5000"},
	        {"near.example", "https://localhost:5001"},
	        {NULL, NULL}};
	static const struct images_endpoint wrong[][2] = {{{"a", "http://a"}},
	                                                  {{"a", "https://a/path"}},
	                                                  {{"a", NULL}},
	                                                  {{"a", ""}},
	                                                  {{"", "https://a"}}};
	struct places places;
	struct place place;

	(void)state;
	assert_int_equal(find(endpoints, "nginx", &place), 0);
	assert_string_equal(place.base, "https://mirror.example:5000");
	assert_false(place.is_near);
	assert_int_equal(find(endpoints, "localhost:5000/x", &place), 0);
	assert_string_equal(place.base, "http://127.0.0.1:5000");
	assert_true(place.is_near);
	assert_int_equal(find(endpoints, "near.example/x", &place), 0);
	assert_true(place.is_near);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct err err = {0};

		assert_int_equal(places_init(&places, wrong[i], &err), -EINVAL);
		assert_int_equal(err.code, EINVAL);
	}
}

TEST_MAIN(cmocka_unit_test(host_that_does_not_answer_is_left_alone),
          cmocka_unit_test(second_worker_goes_where_it_is_answered),
          cmocka_unit_test(longest_not_asked_is_forgotten),
          cmocka_unit_test(registry_is_where_the_name_says),
          cmocka_unit_test(endpoint_stands_in_for_a_registry))
