#include "injector/agent/containers.h"

#include <stdio.h>

#include "tests/harness.h"

static struct containers all;

static unsigned parse(const char *text)
{
	memset(&all, 0, sizeof(all));
	return containers_parse(&all, (struct str){test_tail(text, strlen(text)), strlen(text)});
}

static struct container *get(const char *name)
{
	return containers_find(&all, (struct str){name, strlen(name)});
}

static bool is(struct str s, const char *text)
{
	return str_eq(s, (struct str){text, strlen(text)});
}

static void each_entry_is_a_container_with_its_kind_its_way_and_its_image(void **state)
{
	(void)state;
	assert_int_equal(parse("web main command nginx:1.25;db init self-wrap pg@sha256:ab;"
	                       "log sidecar !excluded fluent:1"),
	                 0);
	assert_int_equal(all.count, 3);
	assert_int_equal(all.listed, 3);
	assert_int_equal(get("web")->kind, CONTAINER_MAIN);
	assert_true(is(get("web")->how, "command"));
	assert_true(is(get("web")->image, "nginx:1.25"));
	assert_int_equal(get("web")->source.origin, PROC_ORIGIN_ENTRYPOINT);
	assert_int_equal(get("db")->kind, CONTAINER_INIT);
	assert_int_equal(get("db")->source.origin, PROC_ORIGIN_INIT);
	assert_int_equal(get("db")->source.container, 1);
	assert_int_equal(get("log")->how.len, 0);
	assert_true(is(get("log")->reason, "excluded"));
	assert_null(get("we"));
	assert_null(get("webx"));
}

static void names_of_ecs_have_capitals_and_underscores(void **state)
{
	(void)state;
	assert_int_equal(parse("log_router main command x;Web main preload-env y"), 0);
	assert_int_equal(all.count, 2);
	assert_non_null(get("log_router"));
	assert_non_null(get("Web"));
	assert_null(get("web"));
}

static void every_way_and_every_reason_of_the_contract_is_known(void **state)
{
	static const char *const words[] = {
	        "command",      "self-wrap",          "preload-env",         "lookup",
	        "!excluded",    "!not-selected",      "!known-injector",     "!before-install",
	        "!etc-mounted", "!static-entrypoint", "!musl-without-lookup"};
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		snprintf(text, sizeof(text), "web main %s x", words[i]);
		assert_int_equal(parse(text), 0);
		assert_int_equal(all.count, 1);
	}
}

static void what_is_not_understood_is_left_out_and_counted(void **state)
{
	(void)state;
	assert_int_equal(parse(";;web;web main;web main magic x;We/b main command x;"
	                       " main command x;web pod command x;web main !magic x;"
	                       "w\"b main command x;web main command x;web main command y"),
	                 9);
	assert_int_equal(all.count, 1);
	assert_true(is(get("web")->image, "x"));
	assert_int_equal(parse(""), 0);
	assert_int_equal(parse(";;;"), 0);
	assert_int_equal(all.count, 0);
}

static void a_name_has_63_bytes_at_most(void **state)
{
	char text[128];

	(void)state;
	snprintf(text, sizeof(text), "%063d main command x", 0);
	assert_int_equal(parse(text), 0);
	snprintf(text, sizeof(text), "%064d main command x", 0);
	assert_int_equal(parse(text), 1);
}

static void every_strict_prefix_is_parsed_within_its_bounds(void **state)
{
	static const char text[] =
	        "web main command nginx:1;db init !excluded pg;x sidecar lookup y";
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(text); len++) {
		char part[sizeof(text)] = "";

		memcpy(part, text, len);
		assert_true(parse(part) <= 1);
		assert_true(all.count <= 3);
	}
}

static void more_than_the_table_holds_is_left_out(void **state)
{
	static char text[CONTAINERS_MAX * 40];
	size_t len = 0;
	unsigned i;

	(void)state;
	for (i = 0; i < CONTAINERS_MAX + 3; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "c%u main command x;", i);
	assert_int_equal(parse(text), 3);
	assert_int_equal(all.count, CONTAINERS_MAX);
	assert_null(containers_get(&all, STR("one-more")));
	assert_non_null(containers_get(&all, STR("c0")));
}

static void one_that_is_not_listed_keeps_its_own_name(void **state)
{
	char name[] = "debug";
	struct container *c;

	(void)state;
	parse("web main command x");
	c = containers_get(&all, (struct str){name, 5});
	memset(name, 'x', 5);
	assert_int_equal(c->kind, CONTAINER_OTHER);
	assert_ptr_equal(get("debug"), c);
	assert_int_equal(all.listed, 1);
	assert_int_equal(all.count, 2);
	assert_null(containers_get(&all, STR("a b")));
	assert_null(containers_get(&all, STR("")));
	assert_null(containers_get(&all, STR("../x")));
	assert_int_equal(all.count, 2);
}

static void a_successor_knows_who_has_ended(void **state)
{
	static const char text[] = "a main command x;b main command x";
	static struct state_page page;

	(void)state;
	parse(text);
	get("a")->covered = get("a")->ended = get("a")->status_known = true;
	get("a")->status = 0x300;
	get("b")->covered = true;
	get("b")->pid1 = HELLO_PID1_PROGRAM;
	containers_keep(&all, &page);
	parse(text);
	containers_restore(&all, &page);
	assert_true(get("a")->ended && get("a")->status_known && get("a")->before);
	assert_int_equal(get("a")->status, 0x300);
	assert_true(get("b")->covered && get("b")->before);
	assert_false(get("b")->ended);
	assert_int_equal(get("b")->pid1, HELLO_PID1_PROGRAM);
	memset(&page, 0, sizeof(page));
	containers_restore(&all, &page);
	assert_false(get("a")->covered || get("a")->ended || get("a")->before);
}

static bool user_is(const char *users, uint32_t uid, const char *name)
{
	return is(users_find(test_tail(users, strlen(users) + 1), uid), name);
}

static void a_user_has_the_name_of_its_number_or_none(void **state)
{
	(void)state;
	assert_true(user_is("0:root\n33:www-data\n", 33, "www-data"));
	assert_true(user_is("0:root\n33:www-data", 33, "www-data"));
	assert_true(user_is("0:root\n33:www-data\n", 3, ""));
	assert_true(user_is("0:root\n33:www-data\n", 333, ""));
	assert_true(user_is("4294967295:x\n", UINT32_MAX, "x"));
	assert_true(user_is("", 0, ""));
	assert_true(user_is("\n\n0\n:x\n0:", 0, ""));
	assert_true(user_is("1:a:b\n", 1, "a:b"));
}

static unsigned heard(struct hello_meter *meter, uint64_t now_ns)
{
	unsigned n = 0, i;

	for (i = 0; i < 100; i++)
		n += hello_meter_take(meter, now_ns);
	return n;
}

static void a_few_hellos_a_second_are_heard(void **state)
{
	struct hello_meter meter = {0};
	uint64_t second = 1000000000;

	(void)state;
	assert_int_equal(heard(&meter, 5 * second), HELLOS_PER_SECOND);
	assert_int_equal(heard(&meter, 6 * second - 1), 0);
	assert_int_equal(heard(&meter, 6 * second), HELLOS_PER_SECOND);
}

static struct container *invented(unsigned number)
{
	char name[32];

	snprintf(name, sizeof(name), "invented-%u", number);
	return containers_get(&all, (struct str){name, strlen(name)});
}

static void names_without_end_take_the_places_of_those_nobody_speaks_for(void **state)
{
	struct container *kept;
	unsigned i;

	(void)state;
	parse("web main command x");
	kept = invented(0);
	kept->claims = 1;
	for (i = 1; i < 1000; i++)
		assert_non_null(invented(i));
	assert_int_equal(all.count, CONTAINERS_MAX);
	assert_ptr_equal(containers_find(&all, STR("invented-0")), kept);
	assert_non_null(get("web"));
	assert_null(get("invented-1"));
	/* What was lost of one is told before its place is another's. */
	container_lost(get("invented-999"), CONTAINER_LOST_RATE, 7);
	for (i = 1000; i < 2000; i++)
		assert_non_null(invented(i));
	assert_non_null(get("invented-999"));
	get("invented-999")->lost_told[CONTAINER_LOST_RATE] = 7;
	for (i = 0; i < CONTAINERS_MAX; i++)
		all.list[i].claims =
		        all.list[i].claims || i != get("invented-999")->source.container;
	assert_non_null(invented(2000));
	assert_null(get("invented-999"));
	assert_int_equal(all.lost_before, 7);
	get("invented-2000")->claims = 1;
	assert_null(invented(2001));
}

static void a_meter_lets_a_burst_through_and_then_its_rate(void **state)
{
	struct meter meter = {0};
	uint64_t now = 5, second = 1000000000;
	unsigned i, taken = 0;

	(void)state;
	for (i = 0; i < EVENTS_BURST; i++)
		assert_true(meter_take(&meter, now));
	assert_false(meter_take(&meter, now));
	for (i = 0; i < 5 * EVENTS_PER_SECOND; i++)
		taken += meter_take(&meter, now + i * second / (2 * EVENTS_PER_SECOND));
	assert_in_range(taken, 5 * EVENTS_PER_SECOND / 2 - 1, 5 * EVENTS_PER_SECOND / 2 + 1);
	for (i = 0, now += 3600 * second; i < EVENTS_BURST; i++)
		assert_true(meter_take(&meter, now));
	assert_false(meter_take(&meter, now));
}

TEST_MAIN(cmocka_unit_test(each_entry_is_a_container_with_its_kind_its_way_and_its_image),
          cmocka_unit_test(names_of_ecs_have_capitals_and_underscores),
          cmocka_unit_test(every_way_and_every_reason_of_the_contract_is_known),
          cmocka_unit_test(what_is_not_understood_is_left_out_and_counted),
          cmocka_unit_test(a_name_has_63_bytes_at_most),
          cmocka_unit_test(every_strict_prefix_is_parsed_within_its_bounds),
          cmocka_unit_test(more_than_the_table_holds_is_left_out),
          cmocka_unit_test(one_that_is_not_listed_keeps_its_own_name),
          cmocka_unit_test(a_successor_knows_who_has_ended),
          cmocka_unit_test(a_user_has_the_name_of_its_number_or_none),
          cmocka_unit_test(a_few_hellos_a_second_are_heard),
          cmocka_unit_test(names_without_end_take_the_places_of_those_nobody_speaks_for),
          cmocka_unit_test(a_meter_lets_a_burst_through_and_then_its_rate))
