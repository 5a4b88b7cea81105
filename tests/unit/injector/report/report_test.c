#include "tests/unit/injector/report/lines.h"

static const struct report_config config = {.classes = REPORT_PROCESS | REPORT_NETWORK,
                                            .heartbeat_seconds = 60,
                                            .containers = 2,
                                            .restart_policy = "Never"};
#define CONFIG                                                                                     \
	",\"version\":\"0.1.0\",\"kernel\":\"6.1.0\",\"config\":{\"events\":[\"process\","         \
	"\"network\"],\"heartbeatSeconds\":60,\"containers\":2,\"restartPolicy\":\"Never\"}"

static void hello_has_the_versions_and_what_the_agent_was_told(void **state)
{
	struct report_config again = config;

	(void)state;
	assert_string_equal(text_of(report_hello(line, &of_agent, "6.1.0", &config, NULL)),
	                    BEGIN("hello") CONFIG "}");
	again.restarted = "killed by signal 9";
	again.note = "FARGUARD_EVENTS: 'x\"' has a class that is not known";
	assert_string_equal(text_of(report_hello(line, &of_agent, "6.1.0", &again, NULL)),
	                    BEGIN("hello") CONFIG
	                    ",\"restarted\":\"killed by signal 9\",\"note\":"
	                    "\"FARGUARD_EVENTS: 'x\\\"' has a class that is not "
	                    "known\"}");
}

static void goodbye_is_hello_with_a_reason_and_no_note(void **state)
{
	struct report_config again = config;

	(void)state;
	again.restarted = "killed by signal 9";
	again.note = "something";
	assert_string_equal(text_of(report_hello(line, &of_agent, "6.1.0", &again, "terminated")),
	                    BEGIN("goodbye") CONFIG ",\"reason\":\"terminated\"}");
}

static void no_class_is_an_empty_list(void **state)
{
	struct report_config none = config;

	(void)state;
	none.classes = 0;
	text_of(report_hello(line, &of_agent, "", &none, NULL));
	assert_non_null(strstr(line, "\"events\":[],"));
	none.classes = REPORT_PROCESS | REPORT_FILE | REPORT_NETWORK;
	text_of(report_hello(line, &of_agent, "", &none, NULL));
	assert_non_null(strstr(line, "\"events\":[\"process\",\"file\",\"network\"],"));
}

static void a_covered_container_has_its_rung_and_what_that_cannot_see(void **state)
{
	const struct report_coverage coverage = {
	        .covered = true, .how = "command", .pid1 = "farguard", .no_new_privs = "pod"};

	(void)state;
	assert_string_equal(
	        text_of(report_coverage(line, &of_web, &coverage)),
	        BEGIN_CONTAINER("coverage") ",\"covered\":true,\"how\":\"command\","
	                                    "\"sensor\":\"preload\",\"gate\":false,"
	                                    "\"pid1\":\"farguard\",\"noNewPrivs\":\"pod\","
	                                    "\"blind\":[\"static-programs\",\"direct-syscalls\","
	                                    "\"libc-internal-calls\",\"file-reads\","
	                                    "\"library-removed\",\"process-exits\",\"forks\"]}");
}

static void a_container_that_is_not_covered_has_the_reason_and_nothing_else(void **state)
{
	struct report_coverage coverage = {.how = "command", .reason = STR("excluded")};

	(void)state;
	assert_string_equal(text_of(report_coverage(line, &of_web, &coverage)),
	                    BEGIN_CONTAINER("coverage") ",\"covered\":false,"
	                                                "\"reason\":\"excluded\"}");
	coverage.detail = "a \"sentence\"";
	coverage.session = true;
	coverage.pid1 = "program";
	assert_string_equal(
	        text_of(report_coverage(line, &of_web, &coverage)),
	        BEGIN_CONTAINER("coverage") ",\"covered\":false,\"reason\":\"excluded\","
	                                    "\"detail\":\"a \\\"sentence\\\"\","
	                                    "\"session\":true,\"pid1\":\"program\"}");
}

static void heartbeat_and_drop_are_numbers_up_to_the_largest(void **state)
{
	const struct report_heartbeat most = {UINT64_MAX, 0, 3, 4096, 61005};

	(void)state;
	assert_string_equal(text_of(report_heartbeat(line, &of_agent, &most)),
	                    BEGIN("heartbeat") ",\"events\":18446744073709551615,\"alerts\":0,"
	                                       "\"dropped\":3,\"memoryBytes\":4096,"
	                                       "\"cpuSeconds\":61.005}");
	assert_string_equal(text_of(report_drop(line, &of_agent, "sink", 12)),
	                    BEGIN("drop") ",\"where\":\"sink\",\"count\":12}");
}

static void a_time_is_its_day_in_the_gregorian_calendar_whatever_it_is(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *time;
	} cases[] = {
	        {0, "1970-01-01T00:00:00.000000042Z"},
	        {951782399, "2000-02-28T23:59:59.000000042Z"},
	        {951782400, "2000-02-29T00:00:00.000000042Z"},
	        {1709164800, "2024-02-29T00:00:00.000000042Z"},
	        {1735689599, "2024-12-31T23:59:59.000000042Z"},
	        {4107542400, "2100-03-01T00:00:00.000000042Z"},
	        {18446744073, "2554-07-21T23:34:33.000000042Z"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct report_head head = of_agent;

		head.time_ns = cases[i].seconds * 1000000000u + 42;
		text_of(report_drop(line, &head, "ring", 1));
		assert_memory_equal(strstr(line, "\"time\":\"") + 8, cases[i].time, 30);
	}
}

static void outside_of_a_pod_its_words_are_empty(void **state)
{
	static const struct report_pod nowhere;
	const struct report_head head = {.pod = &nowhere, .seq = UINT64_MAX};

	(void)state;
	assert_string_equal(text_of(report_drop(line, &head, "ring", 1)),
	                    "{\"schema\":1,\"seq\":18446744073709551615,"
	                    "\"time\":\"1970-01-01T00:00:00.000000000Z\",\"kind\":\"drop\","
	                    "\"namespace\":\"\",\"pod\":\"\",\"node\":\"\",\"workload\":\"\","
	                    "\"where\":\"ring\",\"count\":1}");
}

/* Every word as long and as awkward as an environment can make it. */
static void the_longest_and_worst_words_are_cut_and_the_line_stays_one(void **state)
{
	static char worst[40000];
	const struct str s = {worst, sizeof(worst) - 1};
	const struct report_pod strange = {s, s, s, s};
	const struct report_head head = {.pod = &strange,
	                                 .seq = UINT64_MAX,
	                                 .time_ns = UINT64_MAX,
	                                 .container = s,
	                                 .image = s};
	struct report_config odd = config;
	static char note[256];
	static const char bytes[] = {'\x01', '"', '\xff', 'a'};
	const struct report_coverage coverage = {.reason = s, .detail = "a sentence"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++) {
		memset(worst, bytes[i], sizeof(worst) - 1);
		memset(note, bytes[i], sizeof(note) - 1);
		odd.note = note;
		assert_true(is_json(text_of(report_hello(line, &head, worst, &odd, NULL))));
		assert_true(is_json(text_of(report_coverage(line, &head, &coverage))));
	}
}

TEST_MAIN(cmocka_unit_test(hello_has_the_versions_and_what_the_agent_was_told),
          cmocka_unit_test(goodbye_is_hello_with_a_reason_and_no_note),
          cmocka_unit_test(no_class_is_an_empty_list),
          cmocka_unit_test(a_covered_container_has_its_rung_and_what_that_cannot_see),
          cmocka_unit_test(a_container_that_is_not_covered_has_the_reason_and_nothing_else),
          cmocka_unit_test(heartbeat_and_drop_are_numbers_up_to_the_largest),
          cmocka_unit_test(a_time_is_its_day_in_the_gregorian_calendar_whatever_it_is),
          cmocka_unit_test(outside_of_a_pod_its_words_are_empty),
          cmocka_unit_test(the_longest_and_worst_words_are_cut_and_the_line_stays_one))
