/* What is injected, what is not, and why. */
#include "tests/unit/webhook/mutate/pods.h"

#define SPEC "'spec':{'containers':[{'name':'web','image':'nginx'}]}"

static void the_namespace_asks_for_it(void **state)
{
	struct trial t;

	(void)state;
	trial_init(&t);
	injected(&t, PLAIN);
	t.context.namespace_inject = "disabled";
	left_alone(&t, PLAIN, REASON_OPTED_OUT);
	t.context.namespace_inject = NULL;
	left_alone(&t, PLAIN, REASON_NOT_OPTED_IN);
	t.context.namespace_inject = "";
	left_alone(&t, PLAIN, REASON_NOT_OPTED_IN);
	t.policy.inject.default_enabled = true;
	injected(&t, PLAIN);
	trial_done(&t);
}

static void the_pod_wins_over_its_namespace_and_annotations_over_labels(void **state)
{
	struct trial t;

	(void)state;
	trial_init(&t);
	left_alone(&t, "{'metadata':{'annotations':{'farguard.io/inject':'disabled'}}," SPEC "}",
	           REASON_OPTED_OUT);
	left_alone(&t, "{'metadata':{'labels':{'farguard.io/inject':'disabled'}}," SPEC "}",
	           REASON_OPTED_OUT);
	injected(&t, "{'metadata':{'labels':{'farguard.io/inject':'disabled'},'annotations':"
	             "{'farguard.io/inject':'enabled'}}," SPEC "}");
	t.context.namespace_inject = NULL;
	injected(&t, "{'metadata':{'labels':{'farguard.io/inject':'enabled'}}," SPEC "}");
	t.context.namespace_inject = "enabled";
	t.policy.inject.allow_pod_opt_out = false;
	injected(&t, "{'metadata':{'annotations':{'farguard.io/inject':'disabled'}}," SPEC "}");
	trial_done(&t);
}

static void an_unknown_value_counts_as_absent_and_is_said(void **state)
{
	struct trial t;

	(void)state;
	trial_init(&t);
	injected(&t, "{'metadata':{'annotations':{'farguard.io/inject':'yes'}}," SPEC "}");
	assert_string_equal(text_of(at(t.result.status, "warnings")),
	                    "[\"unknown-annotation-value\"]");
	assert_string_equal(
	        string_at(t.result.warnings, "0"),
	        "farguard: unknown-annotation-value: an annotation's value is not known "
	        "and ignored: farguard.io/inject=yes");
	injected(&t, "{'metadata':{'annotations':{'farguard.io/sensor':'magic'}}," SPEC "}");
	assert_int_equal(tree_count(t.result.warnings), 1);
	injected(&t, "{'metadata':{'annotations':{'farguard.io/mode':'enforce'}}," SPEC "}");
	assert_int_equal(tree_count(t.result.warnings), 0);
	trial_done(&t);
}

static void some_pods_are_never_touched(void **state)
{
	struct trial t;

	(void)state;
	trial_init(&t);
	left_alone(&t, "{'metadata':{'labels':{'app.kubernetes.io/name':'farguard'}}," SPEC "}",
	           REASON_OWN_POD);
	left_alone(&t, "{'metadata':{'annotations':{'kubernetes.io/config.mirror':'x'}}," SPEC "}",
	           REASON_MIRROR_POD);
	left_alone(&t, "{'spec':{'hostNetwork':true,'containers':[{'name':'a'}]}}",
	           REASON_HOST_NETWORK);
	assert_int_equal(tree_count(t.result.warnings), 1);
	left_alone(&t, "{'spec':{'hostPID':true,'containers':[{'name':'a'}]}}", REASON_HOST_PID);
	left_alone(&t, "{'spec':{'os':{'name':'windows'},'containers':[{'name':'a'}]}}",
	           REASON_WINDOWS);
	left_alone(&t,
	           "{'spec':{'nodeSelector':{'kubernetes.io/os':'windows'},'containers':"
	           "[{'name':'a'}]}}",
	           REASON_WINDOWS);
	t.context.namespace = "kube-system";
	left_alone(&t, PLAIN, REASON_NAMESPACE_EXCLUDED);
	t.context.namespace = "farguard";
	left_alone(&t, PLAIN, REASON_NAMESPACE_EXCLUDED);
	trial_done(&t);
}

static void a_host_network_pod_that_nobody_asked_for_gets_no_warning(void **state)
{
	struct trial t;

	(void)state;
	trial_init(&t);
	t.context.namespace_inject = NULL;
	left_alone(&t, "{'spec':{'hostNetwork':true,'containers':[{'name':'a'}]}}",
	           REASON_HOST_NETWORK);
	assert_int_equal(tree_count(t.result.warnings), 0);
	trial_done(&t);
}

static void fargate_only_asks_for_the_profile_or_the_scheduler(void **state)
{
	struct trial t;

	(void)state;
	trial_init(&t);
	t.policy.inject.fargate_only = true;
	left_alone(&t, PLAIN, REASON_NOT_FARGATE);
	injected(&t, "{'metadata':{'labels':{'eks.amazonaws.com/fargate-profile':'fp'}}," SPEC "}");
	injected(&t, "{'spec':{'schedulerName':'fargate-scheduler','containers':[{'name':'a'}]}}");
	trial_done(&t);
}

static const char *reason_of(struct trial *t, const char *container)
{
	struct json_object *one = at(t->result.status, "containers");

	one = tree_get(one, container);
	return tree_true(one, "covered") ? tree_string(one, "how") : tree_string(one, "reason");
}

static void containers_are_chosen_by_name_or_glob(void **state)
{
	static const char pod[] = "{'metadata':{'annotations':{%s}},'spec':{'initContainers':["
	                          "{'name':'db-init'}],'containers':[{'name':'web'},{'name':'db'},"
	                          "{'name':'istio-proxy'}]}}";
	static const struct {
		const char *annotations, *init, *web, *db, *istio;
	} cases[] = {
	        {"", "self-wrap", "self-wrap", "self-wrap", "known-injector"},
	        {"'farguard.io/containers':'web'", "not-selected", "self-wrap", "not-selected",
	         "not-selected"},
	        {"'farguard.io/containers':' web , db* '", "self-wrap", "self-wrap", "self-wrap",
	         "not-selected"},
	        {"'farguard.io/exclude-containers':'db*'", "excluded", "self-wrap", "excluded",
	         "known-injector"},
	        {"'farguard.io/containers':'*'", "self-wrap", "self-wrap", "self-wrap",
	         "known-injector"},
	        {"'farguard.io/containers':'web,istio-proxy'", "not-selected", "self-wrap",
	         "not-selected", "self-wrap"},
	        {"'farguard.io/containers':'web','farguard.io/exclude-containers':'d?'",
	         "not-selected", "self-wrap", "excluded", "not-selected"},
	};
	struct trial t;
	char text[512];

	(void)state;
	trial_init(&t);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(text, sizeof(text), pod, cases[i].annotations);
		injected(&t, text);
		assert_string_equal(reason_of(&t, "db-init"), cases[i].init);
		assert_string_equal(reason_of(&t, "web"), cases[i].web);
		assert_string_equal(reason_of(&t, "db"), cases[i].db);
		assert_string_equal(reason_of(&t, "istio-proxy"), cases[i].istio);
	}
	snprintf(text, sizeof(text), pod, "'farguard.io/containers':'nobody'");
	left_alone(&t, text, REASON_NO_CONTAINER_SELECTED);
	trial_done(&t);
}

static void a_name_of_ours_that_is_taken_ends_it(void **state)
{
	static const char *const pods[] = {
	        "{'spec':{'volumes':[{'name':'farguard','emptyDir':{}}],'containers':[{'name':'a'}]"
	        "}}",
	        "{'spec':{'volumes':[{'name':'farguard-init'}],'containers':[{'name':'a'}]}}",
	        "{'spec':{'containers':[{'name':'farguard-agent'},{'name':'a'}]}}",
	        "{'spec':{'containers':[{'name':'farguard-install'},{'name':'a'}]}}",
	        "{'spec':{'initContainers':[{'name':'farguard-install','command':['sh']}],"
	        "'containers':[{'name':'a'}]}}",
	        "{'spec':{'containers':[{'name':'a','env':[{'name':'FARGUARD_CONTAINER','value':"
	        "'x'}]}]}}",
	        "{'spec':{'containers':[{'name':'a','volumeMounts':[{'name':'v','mountPath':"
	        "'/.farguard/'}]}]}}",
	        "{'spec':{'containers':[{'name':'a','volumeMounts':[{'name':'v','mountPath':"
	        "'/.farguard-init'}]}]}}",
	        "{'spec':{'containers':[{'name':'a','command':['/.farguard/farguard','run','--',"
	        "'x']}]}}",
	        "{'spec':{'containers':[{'name':'a','env':[{'name':'LD_PRELOAD','value':"
	        "'/.farguard/libfarguard.so'}]}]}}",
	};
	struct trial t;

	(void)state;
	trial_init(&t);
	for (size_t i = 0; i < sizeof(pods) / sizeof(*pods); i++) {
		left_alone(&t, pods[i], REASON_NAME_COLLISION);
		assert_true(*t.result.detail);
		assert_int_equal(tree_count(t.result.warnings), 1);
	}
	trial_done(&t);
}

static void odd_types_leave_the_pod_alone(void **state)
{
	static const char *const pods[] = {
	        "[]",
	        "3",
	        "{}",
	        "{'spec':null}",
	        "{'spec':[]}",
	        "{'spec':{}}",
	        "{'spec':{'containers':null}}",
	        "{'spec':{'containers':[]}}",
	        "{'spec':{'containers':{}}}",
	        "{'spec':{'containers':[null]}}",
	        "{'spec':{'containers':['web']}}",
	        "{'spec':{'containers':[{}]}}",
	        "{'spec':{'containers':[{'name':3}]}}",
	        "{'spec':{'containers':[{'name':'a'},{'name':'a'}]}}",
	        "{'spec':{'containers':[{'name':'a','command':'sh'}]}}",
	        "{'spec':{'containers':[{'name':'a','command':[null]}]}}",
	        "{'spec':{'containers':[{'name':'a','command':['sh',3]}]}}",
	        "{'spec':{'containers':[{'name':'a','env':{}}]}}",
	        "{'spec':{'containers':[{'name':'a','env':[null]}]}}",
	        "{'spec':{'containers':[{'name':'a','env':[{'value':'x'}]}]}}",
	        "{'spec':{'containers':[{'name':'a','volumeMounts':[{'name':'x'}]}]}}",
	        "{'spec':{'containers':[{'name':'a','volumeMounts':7}]}}",
	        "{'spec':{'containers':[{'name':'a'}],'volumes':'x'}}",
	        "{'spec':{'containers':[{'name':'a'}],'volumes':[null]}}",
	        "{'spec':{'containers':[{'name':'a'}],'initContainers':{}}}",
	        "{'spec':{'containers':[{'name':'a'}],'initContainers':[[]]}}",
	        "{'metadata':3,'spec':{'containers':[{'name':'a'}]}}",
	        "{'metadata':{'labels':[]},'spec':{'containers':[{'name':'a'}]}}",
	        "{'metadata':{'annotations':'x'},'spec':{'containers':[{'name':'a'}]}}",
	};
	struct trial t;

	(void)state;
	trial_init(&t);
	for (size_t i = 0; i < sizeof(pods) / sizeof(*pods); i++)
		left_alone(&t, pods[i], REASON_MALFORMED);
	trial_done(&t);
}

static void nulls_that_mean_absent_come_back_as_nulls(void **state)
{
	struct trial t;

	(void)state;
	trial_init(&t);
	injected(&t, "{'metadata':null,'spec':{'volumes':null,'containers':[{'env':null,'name':'a',"
	             "'command':null,'volumeMounts':null,'x':1}],'initContainers':null,'y':1e3}}");
	injected(&t, "{'metadata':{'labels':null,'annotations':null,'z':1},'spec':{'containers':"
	             "[{'name':'a'}]}}");
	trial_done(&t);
}

static void too_many_containers_are_left_alone(void **state)
{
	static char text[300 * 24 + 64];
	size_t len = (size_t)snprintf(text, sizeof(text), "{'spec':{'containers':[");
	struct trial t;

	(void)state;
	for (int i = 0; i < 300; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s{'name':'c%d'}",
		                        i ? "," : "", i);
	snprintf(text + len, sizeof(text) - len, "]}}");
	trial_init(&t);
	left_alone(&t, text, REASON_TOO_LARGE);
	trial_done(&t);
}

static void a_job_whose_end_cannot_be_seen_needs_native_sidecars(void **state)
{
	static const char bare[] = "{'spec':{'restartPolicy':'Never','containers':[{'name':'a'}]}}";
	static const char command[] = "{'spec':{'restartPolicy':'OnFailure','containers':"
	                              "[{'name':'a','command':['x']}]}}";
	struct trial t;

	(void)state;
	trial_init(&t);
	injected(&t, bare);
	assert_string_equal(string_at(t.after, "spec initContainers 1 name"), "farguard-agent");
	assert_string_equal(string_at(t.after, "spec initContainers 1 restartPolicy"), "Always");
	t.context.native_sidecars = false;
	left_alone(&t, bare, REASON_JOB_UNCOVERABLE);
	injected(&t, command);
	assert_string_equal(string_at(t.after, "spec containers 1 name"), "farguard-agent");
	t.policy.pid1 = POLICY_PID1_PROGRAM;
	left_alone(&t, command, REASON_JOB_UNCOVERABLE);
	t.policy.pid1 = POLICY_PID1_FARGUARD;
	injected(&t, command);
	t.policy.pid1 = POLICY_PID1_AUTO;
	t.context.native_sidecars = true;
	t.policy.agent.placement = POLICY_PLACEMENT_CONTAINER;
	left_alone(&t, bare, REASON_JOB_UNCOVERABLE);
	t.policy.agent.placement = POLICY_PLACEMENT_SIDECAR;
	injected(&t, PLAIN);
	assert_string_equal(string_at(t.after, "spec initContainers 1 name"), "farguard-agent");
	trial_done(&t);
}

TEST_MAIN(cmocka_unit_test(the_namespace_asks_for_it),
          cmocka_unit_test(the_pod_wins_over_its_namespace_and_annotations_over_labels),
          cmocka_unit_test(an_unknown_value_counts_as_absent_and_is_said),
          cmocka_unit_test(some_pods_are_never_touched),
          cmocka_unit_test(a_host_network_pod_that_nobody_asked_for_gets_no_warning),
          cmocka_unit_test(fargate_only_asks_for_the_profile_or_the_scheduler),
          cmocka_unit_test(containers_are_chosen_by_name_or_glob),
          cmocka_unit_test(a_name_of_ours_that_is_taken_ends_it),
          cmocka_unit_test(odd_types_leave_the_pod_alone),
          cmocka_unit_test(nulls_that_mean_absent_come_back_as_nulls),
          cmocka_unit_test(too_many_containers_are_left_alone),
          cmocka_unit_test(a_job_whose_end_cannot_be_seen_needs_native_sidecars))
