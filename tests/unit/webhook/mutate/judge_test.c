/* Whether a pod is guarded, judged from its spec and from nothing else. */
#include "webhook/mutate/judge.h"

#include "tests/unit/webhook/mutate/pods.h"

#define TWO                                                                                        \
	"{'metadata':{'name':'p'},'spec':{'containers':[{'name':'web','image':'a'},{'name':'job'," \
	"'image':'b','command':['x']}]}}"

static struct judge judged;

static void judge(const struct trial *t, struct json_object *pod)
{
	memset(&judged, 0x5a, sizeof(judged));
	judge_pod(&t->policy, &t->context, pod, &judged);
}

static void assert_container(size_t index, const char *name, const char *reason)
{
	const struct judge_container *c = &judged.containers[index];

	assert_true(index < judged.count);
	assert_string_equal(c->name, name);
	if (reason)
		assert_string_equal(c->reason, reason);
	assert_int_equal(c->is_guarded, !reason);
}

static void pod_without_any_of_ours_started_before(void **state)
{
	struct trial t;
	struct json_object *pod = json(TWO);

	(void)state;
	trial_init(&t);
	judge(&t, pod);
	assert_int_equal(judged.reason, REASON_INJECTED);
	assert_true(judged.is_wanted);
	assert_int_equal(judged.count, 2);
	assert_container(0, "web", JUDGE_STARTED_BEFORE);
	assert_container(1, "job", JUDGE_STARTED_BEFORE);
	json_object_put(pod);
	trial_done(&t);
}

static void injected_pod_is_guarded(void **state)
{
	struct trial t;

	(void)state;
	trial_init(&t);
	injected(&t, TWO);
	judge(&t, t.after);
	assert_int_equal(judged.reason, REASON_ALREADY_INJECTED);
	assert_int_equal(judged.count, 2);
	assert_container(0, "web", NULL);
	assert_container(1, "job", NULL);
	/* A status that is gone or says otherwise changes nothing. */
	json_object_object_del(at(t.after, "metadata annotations"), "farguard.io/status");
	judge(&t, t.after);
	assert_container(1, "job", NULL);
	trial_done(&t);
}

static void forged_status_guards_nothing(void **state)
{
	struct trial t;
	struct json_object *pod = json(
	        "{'metadata':{'name':'p','labels':{'farguard.io/injected':'true'},'annotations':{"
	        "'farguard.io/"
	        "status':'{\\\"reason\\\":\\\"injected\\\",\\\"containers\\\":{\\\"web\\\":"
	        "{\\\"covered\\\":true}}}'}},'spec':{'containers':[{'name':'web','image':'a'}]}}");

	(void)state;
	trial_init(&t);
	judge(&t, pod);
	assert_int_equal(judged.count, 1);
	assert_container(0, "web", JUDGE_STARTED_BEFORE);
	json_object_put(pod);
	trial_done(&t);
}

static void part_that_was_taken_away_is_incomplete(void **state)
{
	struct trial t;

	(void)state;
	trial_init(&t);
	injected(&t, TWO);
	json_object_array_del_idx(at(t.after, "spec containers 1 command"), 0, 3);
	judge(&t, t.after);
	assert_container(0, "web", NULL);
	assert_container(1, "job", JUDGE_INCOMPLETE);
	injected(&t, TWO);
	json_object_array_del_idx(at(t.after, "spec containers 0 volumeMounts"), 1, 1);
	judge(&t, t.after);
	assert_container(0, "web", JUDGE_INCOMPLETE);
	assert_container(1, "job", NULL);
	injected(&t, TWO);
	json_object_object_add(at(t.after, "spec containers 0 volumeMounts 1"), "subPath",
	                       json_object_new_string("elsewhere"));
	judge(&t, t.after);
	assert_container(0, "web", JUDGE_INCOMPLETE);
	/* Without the install container nothing is there to run. */
	injected(&t, TWO);
	json_object_array_del_idx(at(t.after, "spec initContainers"), 0, 1);
	judge(&t, t.after);
	assert_int_equal(judged.reason, REASON_ALREADY_INJECTED);
	assert_container(0, "web", JUDGE_INCOMPLETE);
	assert_container(1, "job", JUDGE_INCOMPLETE);
	trial_done(&t);
}

static void container_that_is_left_out_says_who_chose_that(void **state)
{
	struct trial t;
	struct json_object *pod = json(
	        "{'metadata':{'name':'p','annotations':{'farguard.io/exclude-containers':'a'}},"
	        "'spec':{'containers':[{'name':'a','image':'i'},{'name':'istio-proxy','image':'i'},"
	        "{'name':'etc','image':'i','volumeMounts':[{'name':'v','mountPath':'/etc'}]},"
	        "{'name':'web','image':'i'}],'volumes':[{'name':'v','emptyDir':{}}]}}");

	(void)state;
	trial_init(&t);
	judge(&t, pod);
	assert_container(0, "a", "excluded");
	assert_container(1, "istio-proxy", "known-injector");
	assert_container(2, "etc", "etc-mounted");
	assert_container(3, "web", JUDGE_STARTED_BEFORE);
	assert_true(judged.containers[0].is_chosen && judged.containers[1].is_chosen);
	assert_false(judged.containers[2].is_chosen || judged.containers[3].is_chosen);
	json_object_put(pod);
	pod = json("{'metadata':{'name':'p','annotations':{'farguard.io/containers':'x'}},"
	           "'spec':{'containers':[{'name':'a','image':'i'}]}}");
	judge(&t, pod);
	assert_int_equal(judged.reason, REASON_NO_CONTAINER_SELECTED);
	assert_container(0, "a", "not-selected");
	assert_true(judged.containers[0].is_chosen);
	json_object_put(pod);
	trial_done(&t);
}

static void pod_that_is_left_alone_says_why(void **state)
{
	struct trial t;
	struct json_object *host =
	        json("{'metadata':{},'spec':{'hostNetwork':true,'containers':[{'name':'a'}]}}");

	(void)state;
	trial_init(&t);
	judge(&t, host);
	assert_int_equal(judged.reason, REASON_HOST_NETWORK);
	assert_true(judged.is_wanted);
	assert_int_equal(judged.count, 0);
	t.context.namespace_inject = NULL;
	judge(&t, host);
	assert_false(judged.is_wanted);
	json_object_put(host);
	trial_done(&t);
}

static void assert_workload(const char *metadata, const char *workload)
{
	char text[600];
	struct json_object *pod;
	struct trial t;

	trial_init(&t);
	snprintf(text, sizeof(text), "{'metadata':%s,'spec':{'containers':[{'name':'a'}]}}",
	         metadata);
	pod = json(text);
	judge(&t, pod);
	assert_string_equal(judged.workload, workload);
	json_object_put(pod);
	trial_done(&t);
}

static void workload_is_what_kubectl_can_restart(void **state)
{
	(void)state;
	assert_workload("{'name':'p'}", "Pod/p");
	assert_workload("{}", "Pod/");
	assert_workload(
	        "{'name':'p','ownerReferences':[{'kind':'X','name':'x'},{'kind':'StatefulSet',"
	        "'name':'db','controller':true}]}",
	        "StatefulSet/db");
	assert_workload(
	        "{'name':'p','labels':{'pod-template-hash':'5d9'},'ownerReferences':[{'kind':"
	        "'ReplicaSet','name':'web-5d9','controller':true}]}",
	        "Deployment/web");
	assert_workload("{'name':'p','ownerReferences':[{'kind':'ReplicaSet','name':'web-5d9',"
	                "'controller':true}]}",
	                "ReplicaSet/web-5d9");
}

TEST_MAIN(cmocka_unit_test(pod_without_any_of_ours_started_before),
          cmocka_unit_test(injected_pod_is_guarded), cmocka_unit_test(forged_status_guards_nothing),
          cmocka_unit_test(part_that_was_taken_away_is_incomplete),
          cmocka_unit_test(container_that_is_left_out_says_who_chose_that),
          cmocka_unit_test(pod_that_is_left_alone_says_why),
          cmocka_unit_test(workload_is_what_kubectl_can_restart))
