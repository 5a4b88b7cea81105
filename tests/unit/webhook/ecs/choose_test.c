/* choose_test.c - whether a task definition is injected, and how each container is covered. */
#include "tests/unit/webhook/ecs/tasks.h"

#define CONTAINER(more) TASK("", WEB ",{'name':'c','image':'c:1'" more "}")

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

static void what_is_shaped_otherwise_is_left_alone(void **state)
{
	(void)state;
	left_alone(&t, "[]", REASON_MALFORMED);
	left_alone(&t, "{}", REASON_MALFORMED);
	left_alone(&t, "{'family':'x','containerDefinitions':[]}", REASON_MALFORMED);
	left_alone(&t, "{'family':'x','containerDefinitions':['web']}", REASON_MALFORMED);
	left_alone(&t, "{'family':'','containerDefinitions':[" WEB "]}", REASON_MALFORMED);
	left_alone(&t, TASK("", "{'name':'a/b'}"), REASON_MALFORMED);
	left_alone(&t, TASK("", "{'name':'web','entryPoint':'/web'}"), REASON_MALFORMED);
	left_alone(&t, TASK("", "{'name':'web','entryPoint':[1]}"), REASON_MALFORMED);
	left_alone(&t, TASK("", "{'name':'web','environment':[{'value':'x'}]}"), REASON_MALFORMED);
	left_alone(&t, TASK("", "{'name':'web','mountPoints':{}}"), REASON_MALFORMED);
	left_alone(&t, TASK("", "{'name':'web','dependsOn':[{}]}"), REASON_MALFORMED);
	left_alone(&t, TASK("'volumes':[{'host':{}}],", WEB), REASON_MALFORMED);
	left_alone(&t, TASK("", WEB "," WEB), REASON_MALFORMED);
	assert_string_equal(t.result.detail, "two containers are named \"web\"");
}

static void what_runs_where_we_cannot_has_the_pods_reasons(void **state)
{
	(void)state;
	left_alone(&t,
	           TASK("'runtimePlatform':{'operatingSystemFamily':'WINDOWS_SERVER_2022_CORE'},",
	                WEB),
	           REASON_WINDOWS);
	left_alone(&t, "{'family':'x','networkMode':'host','containerDefinitions':[" WEB "]}",
	           REASON_HOST_NETWORK);
	left_alone(&t, TASK("'pidMode':'host',", WEB), REASON_HOST_PID);
	left_alone(&t, "{'family':'x','networkMode':'bridge','containerDefinitions':[" WEB "]}",
	           REASON_NOT_FARGATE);
	left_alone(&t, "{'family':'x','containerDefinitions':[" WEB "]}", REASON_NOT_FARGATE);
	left_alone(&t, TASK("'runtimePlatform':{'cpuArchitecture':'ARM64'},", WEB),
	           REASON_NO_CONTAINER_SELECTED);
	injected(&t, TASK("'pidMode':'task','runtimePlatform':{'cpuArchitecture':'X86_64',"
	                  "'operatingSystemFamily':'LINUX'},",
	                  WEB));
}

static void fargate_only_asks_what_the_task_requires(void **state)
{
	(void)state;
	t.policy.inject.fargate_only = true;
	left_alone(&t, PLAIN, REASON_NOT_FARGATE);
	left_alone(&t, TASK("'requiresCompatibilities':['EC2'],", WEB), REASON_NOT_FARGATE);
	injected(&t, TASK("'requiresCompatibilities':['EC2','FARGATE'],", WEB));
}

static void a_tag_stands_for_the_pods_annotation(void **state)
{
	static const char off[] =
	        TASK("'tags':[{'key':'farguard.io/inject','value':'disabled'}],", WEB);

	(void)state;
	left_alone(&t, off, REASON_OPTED_OUT);
	t.policy.inject.allow_pod_opt_out = false;
	injected(&t, off);
	t.policy.inject.allow_pod_opt_out = true;
	t.inject = "disabled";
	left_alone(&t, PLAIN, REASON_OPTED_OUT);
	injected(&t, TASK("'tags':[{'key':'farguard.io/inject','value':'enabled'}],", WEB));
	t.inject = "";
	left_alone(&t, PLAIN, REASON_NOT_OPTED_IN);
	t.inject = "enabled";
	injected(&t, TASK("'tags':[{'key':'farguard.io/inject','value':'yes'}],", WEB));
	assert_string_equal(string_at(t.result.warnings, "0"),
	                    "farguard: unknown-annotation-value: a tag's value is not known and "
	                    "ignored: farguard.io/inject=yes");
	/* describe-task-definition has them beside the definition. */
	left_alone(&t,
	           "{'taskDefinition':" PLAIN
	           ",'tags':[{'key':'farguard.io/inject','value':'disabled'}]}",
	           REASON_OPTED_OUT);
}

static void tags_choose_containers_and_blanks_separate(void **state)
{
#define DB ",{'name':'db','entryPoint':['/db']}"
	(void)state;
	injected(&t, TASK("'tags':[{'key':'farguard.io/containers','value':'x db'}],", WEB DB));
	assert_string_equal(string_at(t.result.status, "containers web reason"), "not-selected");
	assert_string_equal(string_at(t.result.status, "containers db how"), "command");
	injected(&t,
	         TASK("'tags':[{'key':'farguard.io/exclude-containers','value':'d*'}],", WEB DB));
	assert_string_equal(string_at(t.result.status, "containers db reason"), "excluded");
	left_alone(&t, TASK("'tags':[{'key':'farguard.io/containers','value':'none'}],", WEB),
	           REASON_NO_CONTAINER_SELECTED);
}

static void log_routers_and_proxies_are_left_out_unless_they_are_named(void **state)
{
	static const char router[] =
	        TASK("", WEB ",{'name':'log_router','entryPoint':['/fluent-bit'],"
	                     "'firelensConfiguration':{'type':'fluentbit'}}");
	static const char named[] =
	        TASK("'tags':[{'key':'farguard.io/containers','value':'log_router'}],",
	             WEB ",{'name':'log_router','entryPoint':['/fluent-bit'],"
	                 "'firelensConfiguration':{'type':'fluentbit'}}");

	(void)state;
	injected(&t, router);
	assert_string_equal(string_at(t.result.status, "containers log_router reason"),
	                    "known-injector");
	injected(&t, named);
	assert_string_equal(string_at(t.result.status, "containers log_router how"), "command");
	injected(&t, TASK("'proxyConfiguration':{'type':'APPMESH','containerName':'mesh'},",
	                  WEB ",{'name':'mesh','entryPoint':['/envoy']}"));
	assert_string_equal(string_at(t.result.status, "containers mesh reason"), "known-injector");
	injected(&t, TASK("", WEB ",{'name':'istio-proxy','entryPoint':['/envoy']}"));
	assert_string_equal(string_at(t.result.status, "containers istio-proxy reason"),
	                    "known-injector");
}

static const char *how_of_c(const char *text)
{
	injected(&t, text);
	return string_at(t.result.status, at(t.result.status, "containers c how")
	                                          ? "containers c how"
	                                          : "containers c reason");
}

static void each_container_is_covered_by_what_its_definition_says(void **state)
{
	(void)state;
	assert_string_equal(how_of_c(CONTAINER("")), "musl-without-lookup");
	assert_string_equal(string_at(t.result.warnings, "0"),
	                    "farguard: container \"c\" is not covered: musl-without-lookup: it has "
	                    "no entryPoint");
	assert_string_equal(how_of_c(CONTAINER(",'command':['x']")), "musl-without-lookup");
	assert_string_equal(how_of_c(CONTAINER(",'entryPoint':[]")), "musl-without-lookup");
	assert_string_equal(how_of_c(CONTAINER(",'entryPoint':['']")), "musl-without-lookup");
	assert_string_equal(how_of_c(CONTAINER(",'entryPoint':['/c']")), "command");
	assert_string_equal(
	        how_of_c(CONTAINER(",'environment':[{'name':'LD_PRELOAD','value':'/j.so'}]")),
	        "preload-env");
	assert_string_equal(
	        how_of_c(CONTAINER(",'secrets':[{'name':'LD_PRELOAD','valueFrom':'arn'}]")),
	        "musl-without-lookup");
	/* docker-init is the first process, and static. */
	assert_string_equal(how_of_c(CONTAINER(",'linuxParameters':{'initProcessEnabled':true}")),
	                    "static-entrypoint");
	assert_string_equal(how_of_c(CONTAINER(",'entryPoint':['/c'],"
	                                       "'linuxParameters':{'initProcessEnabled':true}")),
	                    "command");
}

static void the_variable_is_set_only_where_it_hides_nothing(void **state)
{
	(void)state;
	t.policy.inject.preload_env = POLICY_PRELOAD_ALWAYS;
	assert_string_equal(how_of_c(CONTAINER("")), "preload-env");
	assert_string_equal(string_at(container(&t, "c"), "environment 1 value"),
	                    "/.farguard/libfarguard.so");
	assert_string_equal(
	        how_of_c(CONTAINER(",'secrets':[{'name':'LD_PRELOAD','valueFrom':'arn'}]")),
	        "musl-without-lookup");
	assert_string_equal(how_of_c(CONTAINER(",'environmentFiles':[{'type':'s3','value':'a'}]")),
	                    "musl-without-lookup");
	assert_string_equal(how_of_c(CONTAINER(",'linuxParameters':{'initProcessEnabled':true}")),
	                    "static-entrypoint");
	t.policy.inject.preload_env = POLICY_PRELOAD_NEVER;
	assert_string_equal(
	        how_of_c(CONTAINER(",'environment':[{'name':'LD_PRELOAD','value':'/j.so'}]")),
	        "musl-without-lookup");
}

static void a_task_without_an_entry_point_says_what_would_help(void **state)
{
	(void)state;
	left_alone(&t, TASK("", "{'name':'web','image':'x'}"), REASON_NO_CONTAINER_SELECTED);
	assert_non_null(strstr(t.result.detail, "inject.preloadEnv: always"));
}

static void our_names_are_nobody_elses(void **state)
{
	(void)state;
	left_alone(&t, TASK("'volumes':[{'name':'farguard'}],", WEB), REASON_NAME_COLLISION);
	left_alone(&t, TASK("", WEB ",{'name':'farguard-agent','image':'x'}"),
	           REASON_NAME_COLLISION);
	left_alone(&t, TASK("", WEB ",{'name':'farguard-install','image':'x'}"),
	           REASON_NAME_COLLISION);
	left_alone(&t,
	           CONTAINER(",'mountPoints':[{'sourceVolume':'v','containerPath':"
	                     "'/.farguard/x'}]"),
	           REASON_NAME_COLLISION);
	left_alone(&t, CONTAINER(",'mountPoints':[{'sourceVolume':'farguard'}]"),
	           REASON_NAME_COLLISION);
	left_alone(&t, CONTAINER(",'environment':[{'name':'FARGUARD_CONTAINER'}]"),
	           REASON_NAME_COLLISION);
	left_alone(&t,
	           CONTAINER(",'environment':[{'name':'LD_PRELOAD','value':"
	                     "'/.farguard/libfarguard.so'}]"),
	           REASON_NAME_COLLISION);
	left_alone(&t, CONTAINER(",'dependsOn':[{'containerName':'farguard-install'}]"),
	           REASON_NAME_COLLISION);
	left_alone(&t, CONTAINER(",'entryPoint':['/.farguard/farguard','run','--','/c']"),
	           REASON_NAME_COLLISION);
	injected(&t,
	         CONTAINER(",'mountPoints':[{'sourceVolume':'v','containerPath':'/.farguards'}]"));
}

static void ecs_takes_ten_containers(void **state)
{
#define MORE(n) ",{'name':'c" n "'}"
#define SIX     MORE("1") MORE("2") MORE("3") MORE("4") MORE("5") MORE("6")
	(void)state;
	injected(&t, TASK("", WEB SIX MORE("7")));
	left_alone(&t, TASK("", WEB SIX MORE("7") MORE("8")), REASON_TOO_LARGE);
	left_alone(&t, TASK("", WEB SIX MORE("7") MORE("8") MORE("9") MORE("10")),
	           REASON_TOO_LARGE);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
TEST_MAIN(CASE(what_is_shaped_otherwise_is_left_alone),
          CASE(what_runs_where_we_cannot_has_the_pods_reasons),
          CASE(fargate_only_asks_what_the_task_requires),
          CASE(a_tag_stands_for_the_pods_annotation),
          CASE(tags_choose_containers_and_blanks_separate),
          CASE(log_routers_and_proxies_are_left_out_unless_they_are_named),
          CASE(each_container_is_covered_by_what_its_definition_says),
          CASE(the_variable_is_set_only_where_it_hides_nothing),
          CASE(a_task_without_an_entry_point_says_what_would_help),
          CASE(our_names_are_nobody_elses), CASE(ecs_takes_ten_containers))
