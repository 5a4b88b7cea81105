/* ecs_test.c - what stands in a task definition afterwards, again, and without it. */
#include "tests/unit/webhook/ecs/tasks.h"

static struct trial t;

static int begin(void **state)
{
	(void)state;
	trial_init(&t);
	return 0;
}

static int end(void **state)
{
	(void)state;
	trial_done(&t);
	return 0;
}

static void a_covered_container_runs_behind_the_launcher(void **state)
{
	(void)state;
	injected(&t,
	         TASK("", "{'name':'web','entryPoint':['/web','-v'],'command':['serve'],"
	                  "'dependsOn':[{'containerName':'db','condition':'HEALTHY'}],"
	                  "'environment':[{'name':'LD_PRELOAD','value':'/j.so'}]},{'name':'db'}"));
	assert_string_equal(string_at(container(&t, "web"), "entryPoint"),
	                    "[\"/.farguard/farguard\",\"run\",\"--\",\"/web\",\"-v\"]");
	assert_string_equal(string_at(container(&t, "web"), "command"), "[\"serve\"]");
	assert_string_equal(string_at(container(&t, "web"), "mountPoints"),
	                    "[{\"sourceVolume\":\"farguard\",\"containerPath\":\"/.farguard\","
	                    "\"readOnly\":true}]");
	assert_string_equal(string_at(container(&t, "web"), "dependsOn 0 containerName"), "db");
	assert_string_equal(string_at(container(&t, "web"), "dependsOn 1"),
	                    "{\"containerName\":\"farguard-install\",\"condition\":\"SUCCESS\"}");
	assert_string_equal(string_at(container(&t, "web"), "environment 0 value"),
	                    "/j.so:/.farguard/libfarguard.so");
	assert_string_equal(string_at(container(&t, "web"), "environment 1 value"), "web");
	assert_string_equal(text_of(container(&t, "db")), "{\"name\":\"db\"}");
	assert_string_equal(string_at(t.after, "volumes"), "[{\"name\":\"farguard\",\"host\":{}}]");
}

static void a_described_definition_stays_one(void **state)
{
	(void)state;
	injected(&t, "{'taskDefinition':" PLAIN ",'tags':[]}");
	assert_string_equal(string_at(container(&t, "web"), "entryPoint 0"), "/.farguard/farguard");
	assert_null(at(t.after, "volumes"));
	assert_string_equal(string_at(t.after, "taskDefinition volumes 0 name"), "farguard");
	assert_true(ecs_is_described(t.after));
	/* What the label says holds for the definition when it is taken out. */
	assert_string_equal(string_at(t.result.status, "undo created 0"),
	                    "/containerDefinitions/web/environment");
	injected(&t, PLAIN);
	assert_false(ecs_is_described(t.after));
}

static void a_second_time_changes_nothing(void **state)
{
	(void)state;
	injected(&t, PLAIN);
	assert_string_equal(reason_name(run_again(&t)), "already-injected");
	assert_int_equal(tree_count(t.result.patch), 0);
}

static void what_ecs_adds_when_it_registers_changes_nothing(void **state)
{
	struct json_object *web;

	(void)state;
	injected(&t, PLAIN);
	web = container(&t, "web");
	json_object_object_add(web, "cpu", json_object_new_int(0));
	json_object_object_add(web, "portMappings", json_object_new_array());
	json_object_object_add(web, "volumesFrom", json_object_new_array());
	json_object_object_add(container(&t, "farguard-install"), "environment",
	                       json_object_new_array());
	assert_string_equal(reason_name(run_again(&t)), "already-injected");
}

static void lists_that_were_empty_or_null_come_back_so(void **state)
{
	(void)state;
	injected(&t, TASK("'volumes':[],", "{'name':'web','entryPoint':['/w'],'environment':null,"
	                                   "'mountPoints':[],'dependsOn':null}"));
	injected(&t, TASK("'volumes':null,", "{'name':'web','entryPoint':['/w']}"));
	injected(&t, TASK("'volumes':[{'name':'data'}],", WEB));
}

static void what_was_taken_away_is_put_back(void **state)
{
	struct json_object *plain = json_tokener_parse(PLAIN), *web, *back;

	(void)state;
	injected(&t, PLAIN);
	web = container(&t, "web");
	json_object_object_del(web, "dependsOn");
	json_object_array_del_idx(at(web, "entryPoint"), 0, 3);
	assert_string_equal(reason_name(run_again(&t)), "repaired");
	assert_string_equal(string_at(container(&t, "web"), "dependsOn 0 condition"), "SUCCESS");
	assert_string_equal(string_at(container(&t, "web"), "entryPoint 0"), "/.farguard/farguard");
	assert_string_equal(string_at(t.result.status, "reason"), "repaired");
	back = taken_out(t.after);
	assert_string_equal(text_of(back), text_of(plain));
	json_object_put(plain);
	json_object_put(back);
}

static void a_container_that_came_later_is_covered_and_the_agent_told(void **state)
{
	struct json_object *list;

	(void)state;
	injected(&t, PLAIN);
	list = at(t.after, "containerDefinitions");
	json_object_array_add(list, json_tokener_parse("{'name':'late','entryPoint':['/l']}"));
	assert_string_equal(reason_name(run_again(&t)), "repaired");
	assert_string_equal(string_at(container(&t, "late"), "entryPoint 0"),
	                    "/.farguard/farguard");
	assert_string_equal(string_at(container(&t, "farguard-agent"), "environment 1 value"),
	                    "web main command web:1;late main command -");
}

static void a_label_that_somebody_wrote_removes_nothing_of_the_task(void **state)
{
	struct json_object *back, *labels;

	(void)state;
	injected(&t, TASK("'volumes':[{'name':'data'}],", WEB ",{'name':'b','environment':[]}"));
	labels = at(container(&t, "farguard-install"), "dockerLabels");
	json_object_object_add(
	        labels, "farguard.io/status",
	        json_object_new_string(
	                "{\"undo\":{\"created\":[\"/containerDefinitions\",\"/family\","
	                "\"/volumes\",7],\"nulls\":3}}"));
	back = taken_out(t.after);
	assert_int_equal(tree_count(at(back, "containerDefinitions")), 2);
	assert_string_equal(string_at(back, "volumes"), "[{\"name\":\"data\"}]");
	json_object_put(back);
	json_object_object_add(labels, "farguard.io/status", json_object_new_string("{"));
	back = taken_out(t.after);
	assert_int_equal(tree_count(at(back, "containerDefinitions")), 2);
	json_object_put(back);
}

static void a_definition_that_would_not_fit_is_left_alone(void **state)
{
	static const char end_of[] = "']}]}";
	static char text[ECS_BYTES_MAX + 1024];
	int n = snprintf(text, sizeof(text),
	                 "{'family':'shop','networkMode':'awsvpc','containerDefinitions':["
	                 "{'name':'web','entryPoint':['/web','");

	(void)state;
	memset(text + n, 'x', ECS_BYTES_MAX - 1024);
	memcpy(text + n + ECS_BYTES_MAX - 1024, end_of, sizeof(end_of));
	left_alone(&t, text, REASON_TOO_LARGE);
	assert_string_equal(t.result.detail, "ECS takes 64 KiB, and ours would exceed it");
	memset(text + n, 'x', ECS_BYTES_MAX - 4096);
	memcpy(text + n + ECS_BYTES_MAX - 4096, end_of, sizeof(end_of));
	injected(&t, text);
}

static void nothing_of_ours_is_nothing_to_take_out(void **state)
{
	struct json_object *other = json_tokener_parse("[1]"), *undo = ecs_undo(other);

	(void)state;
	assert_int_equal(tree_count(undo), 0);
	json_object_put(undo);
	json_object_put(other);
	injected(&t, PLAIN);
	undo = ecs_undo(t.task);
	assert_int_equal(tree_count(undo), 0);
	json_object_put(undo);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
TEST_MAIN(CASE(a_covered_container_runs_behind_the_launcher),
          CASE(a_described_definition_stays_one), CASE(a_second_time_changes_nothing),
          CASE(what_ecs_adds_when_it_registers_changes_nothing),
          CASE(lists_that_were_empty_or_null_come_back_so), CASE(what_was_taken_away_is_put_back),
          CASE(a_container_that_came_later_is_covered_and_the_agent_told),
          CASE(a_label_that_somebody_wrote_removes_nothing_of_the_task),
          CASE(a_definition_that_would_not_fit_is_left_alone),
          CASE(nothing_of_ours_is_nothing_to_take_out))
