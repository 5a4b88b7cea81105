/* parts_test.c - farguard-install and farguard-agent as ECS takes them. */
#include "tests/unit/webhook/ecs/tasks.h"

#define AWSLOGS  "'logConfiguration':{'logDriver':'awslogs','options':{'awslogs-group':'g'}}"
#define FIRELENS "'logConfiguration':{'logDriver':'awsfirelens','options':{'Name':'firehose'}}"

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

static const char *install(const char *keys)
{
	return string_at(container(&t, "farguard-install"), keys);
}

static const char *agent(const char *keys)
{
	return string_at(container(&t, "farguard-agent"), keys);
}

static void both_end_without_ending_the_task_and_have_no_rights(void **state)
{
	(void)state;
	injected(&t, PLAIN);
	assert_string_equal(install("essential"), "false");
	assert_string_equal(agent("essential"), "false");
	/* An empty volume of a task belongs to root. */
	assert_string_equal(install("user"), "0");
	assert_string_equal(agent("user"), "65532:65532");
	assert_string_equal(install("readonlyRootFilesystem"), "true");
	assert_string_equal(agent("linuxParameters"), "{\"capabilities\":{\"drop\":[\"ALL\"]}}");
	assert_string_equal(install("entryPoint"), "[\"/farguard\"]");
	assert_string_equal(install("command"), "[\"install\",\"/.farguard\"]");
	assert_string_equal(install("mountPoints 0 readOnly"), "false");
	assert_string_equal(install("dependsOn"), "(absent)");
	assert_string_equal(agent("entryPoint"), "[\"/farguard\",\"run\",\"--restart\",\"--\"]");
	assert_string_equal(agent("command"), "[\"/farguard-agent\"]");
	assert_string_equal(agent("dependsOn 0 containerName"), "farguard-install");
}

static void the_agent_is_told_who_it_is_and_what_runs(void **state)
{
	(void)state;
	injected(&t,
	         TASK("", "{'name':'log_router','image':'a b;c','firelensConfiguration':{}}," WEB));
	assert_string_equal(agent("environment 0 value"), "TaskDefinition/shop");
	assert_string_equal(agent("environment 1 value"),
	                    "log_router main !known-injector a?b?c;web main command web:1");
	assert_string_equal(agent("environment 2 value"), "Always");
	assert_string_equal(agent("environment 3 value"), "60");
	assert_string_equal(agent("environment 4 value"), "process");
}

static void a_long_name_is_cut_alike_for_launcher_and_agent(void **state)
{
	char text[1024], name[256], cut[64];

	(void)state;
	memset(name, 'n', 255);
	name[255] = '\0';
	memset(cut, 'n', 63);
	cut[63] = '\0';
	snprintf(text, sizeof(text),
	         "{'family':'f','networkMode':'awsvpc','containerDefinitions':[{'name':'%s',"
	         "'entryPoint':['/x']}]}",
	         name);
	injected(&t, text);
	assert_string_equal(string_at(container(&t, name), "environment 0 value"), cut);
	assert_memory_equal(agent("environment 1 value"), cut, 63);
	assert_string_equal(agent("environment 1 value") + 63, " main command -");
}

static void lines_go_where_the_first_essential_containers_go(void **state)
{
	(void)state;
	injected(&t, TASK("", "{'name':'a','essential':false,'logConfiguration':{'logDriver':'x'}},"
	                      "{'name':'web','entryPoint':['/w']," AWSLOGS "}"));
	assert_string_equal(agent("logConfiguration logDriver"), "awslogs");
	assert_string_equal(install("logConfiguration options awslogs-group"), "g");
	injected(&t, TASK("", WEB ",{'name':'a','essential':false,'logConfiguration':"
	                          "{'logDriver':'x'}}"));
	assert_string_equal(agent("logConfiguration logDriver"), "x");
	injected(&t, PLAIN);
	assert_string_equal(agent("logConfiguration"), "(absent)");
}

static void install_does_not_wait_for_the_log_router_that_may_wait_for_it(void **state)
{
	(void)state;
	injected(&t, TASK("", "{'name':'web','entryPoint':['/w']," FIRELENS "}"));
	assert_string_equal(agent("logConfiguration logDriver"), "awsfirelens");
	assert_string_equal(install("logConfiguration"), "(absent)");
}

static void the_task_does_not_grow(void **state)
{
	(void)state;
	injected(&t, TASK("'memory':'512',", "{'name':'web','entryPoint':['/w'],'memory':448}"));
	assert_string_equal(agent("memory"), "64");
	assert_string_equal(install("memory"), "(absent)");
	injected(&t, TASK("'memory':'512',", "{'name':'web','entryPoint':['/w'],'memory':449}"));
	assert_string_equal(agent("memory"), "(absent)");
	injected(&t, TASK("'memory':512,", "{'name':'web','entryPoint':['/w'],"
	                                   "'memoryReservation':512,'memory':100}"));
	assert_string_equal(agent("memory"), "(absent)");
	injected(&t, TASK("'memory':'0.5 GB',", "{'name':'web','entryPoint':['/w'],'memory':448}"));
	assert_string_equal(agent("memory"), "64");
	injected(&t, TASK("'memory':'half',", "{'name':'web','entryPoint':['/w']}"));
	assert_string_equal(agent("memory"), "(absent)");
}

static void where_the_task_has_no_size_each_container_must(void **state)
{
	(void)state;
	injected(&t, PLAIN);
	assert_string_equal(agent("memory"), "64");
	assert_string_equal(agent("memoryReservation"), "16");
	assert_string_equal(install("memory"), "64");
	assert_string_equal(install("memoryReservation"), "16");
	json_object_put(t.policy.agent.resources);
	t.policy.agent.resources = json_tokener_parse("{'limits':{'memory':'8Mi'}}");
	injected(&t, PLAIN);
	assert_string_equal(agent("memory"), "8");
	assert_string_equal(agent("memoryReservation"), "8");
}

static void the_agent_may_stop_as_late_as_the_last(void **state)
{
	(void)state;
	injected(&t, TASK("", "{'name':'web','entryPoint':['/w'],'stopTimeout':90}"));
	assert_string_equal(agent("stopTimeout"), "90");
	injected(&t, TASK("", "{'name':'web','entryPoint':['/w'],'stopTimeout':5}"));
	assert_string_equal(agent("stopTimeout"), "(absent)");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
TEST_MAIN(CASE(both_end_without_ending_the_task_and_have_no_rights),
          CASE(the_agent_is_told_who_it_is_and_what_runs),
          CASE(a_long_name_is_cut_alike_for_launcher_and_agent),
          CASE(lines_go_where_the_first_essential_containers_go),
          CASE(install_does_not_wait_for_the_log_router_that_may_wait_for_it),
          CASE(the_task_does_not_grow), CASE(where_the_task_has_no_size_each_container_must),
          CASE(the_agent_may_stop_as_late_as_the_last))
