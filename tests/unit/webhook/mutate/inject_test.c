/* What the patch puts into a pod, and that it can be taken out again. */
#include "tests/unit/webhook/mutate/pods.h"

static void a_plain_pod_gets_the_parts_of_the_contract(void **state)
{
	struct json_object *status;
	struct trial t;

	(void)state;
	trial_init(&t);
	injected(&t, PLAIN);
	assert_string_equal(string_at(t.after, "metadata labels farguard.io/injected"), "true");
	status = json(string_at(t.after, "metadata annotations farguard.io/status"));
	assert_string_equal(string_at(status, "reason"), "injected");
	assert_string_equal(string_at(status, "image"), "farguard.test/farguard-payload:dev");
	assert_string_equal(text_of(at(status, "containers")),
	                    "{\"web\":{\"covered\":true,\"how\":\"self-wrap\"}}");
	assert_string_equal(text_of(at(status, "fargate")),
	                    "{\"before\":\"0.25vCPU 0.5GB\",\"after\":\"0.25vCPU 0.5GB\","
	                    "\"pricePerMonthDelta\":0.00}");
	assert_string_equal(text_of(at(status, "undo created")),
	                    "[\"/spec/containers/web/env\",\"/spec/containers/web/volumeMounts\","
	                    "\"/spec/initContainers\",\"/spec/volumes\",\"/metadata/labels\","
	                    "\"/metadata/annotations\"]");
	json_object_put(status);
	assert_string_equal(text_of(at(t.after, "spec volumes")),
	                    "[{\"name\":\"farguard\",\"emptyDir\":{\"sizeLimit\":\"32Mi\"}},"
	                    "{\"name\":\"farguard-no-token\",\"emptyDir\":{}}]");
	assert_string_equal(
	        text_of(at(t.after, "spec containers 0")),
	        "{\"name\":\"web\",\"image\":\"nginx\",\"env\":[{\"name\":"
	        "\"FARGUARD_CONTAINER\",\"value\":\"web\"}],\"volumeMounts\":"
	        "[{\"name\":\"farguard\",\"mountPath\":\"/.farguard\",\"readOnly\":true},"
	        "{\"name\":\"farguard\",\"mountPath\":\"/etc/ld.so.preload\",\"subPath\":"
	        "\"ld.so.preload\",\"readOnly\":true}]}");
	trial_done(&t);
}

static void our_containers_satisfy_pod_security_restricted(void **state)
{
	static const char *const ours[] = {"spec initContainers 0", "spec containers 1"};
	struct trial t;

	(void)state;
	trial_init(&t);
	injected(&t, PLAIN);
	for (size_t i = 0; i < 2; i++) {
		struct json_object *c = at(t.after, ours[i]);

		assert_string_equal(
		        text_of(at(c, "securityContext")),
		        "{\"allowPrivilegeEscalation\":false,\"capabilities\":{\"drop\":[\"ALL\"]},"
		        "\"privileged\":false,\"readOnlyRootFilesystem\":true,\"runAsGroup\":65532,"
		        "\"runAsNonRoot\":true,\"runAsUser\":65532,\"seccompProfile\":{\"type\":"
		        "\"RuntimeDefault\"}}");
		assert_string_equal(text_of(at(c, "resources requests")),
		                    "{\"cpu\":\"0\",\"memory\":\"0\"}");
		assert_string_equal(string_at(c, "imagePullPolicy"), "IfNotPresent");
		assert_true(tree_find(tree_list(c, "volumeMounts"), "mountPath",
		                      "/var/run/secrets/kubernetes.io/serviceaccount") >= 0);
	}
	assert_string_equal(text_of(at(t.after, "spec initContainers 0 command")),
	                    "[\"/farguard\",\"install\",\"/.farguard\"]");
	assert_string_equal(text_of(at(t.after, "spec containers 1 command")),
	                    "[\"/farguard\",\"run\",\"--restart\",\"--\",\"/farguard-agent\"]");
	trial_done(&t);
}

static void the_user_is_the_pods_own_where_all_share_one(void **state)
{
	static const struct {
		const char *pod, *uid;
	} cases[] = {
	        {"{'spec':{'securityContext':{'runAsUser':1000},'containers':[{'name':'a'}]}}",
	         "1000"},
	        {"{'spec':{'containers':[{'name':'a','securityContext':{'runAsUser':7}},{'name':'b'"
	         ","
	         "'securityContext':{'runAsUser':7}}]}}",
	         "7"},
	        {"{'spec':{'securityContext':{'runAsUser':7},'containers':[{'name':'a'},{'name':'b'"
	         ","
	         "'securityContext':{'runAsUser':8}}]}}",
	         "65532"},
	        {"{'spec':{'securityContext':{'runAsUser':0},'containers':[{'name':'a'}]}}",
	         "65532"},
	        {"{'spec':{'containers':[{'name':'a','securityContext':{'runAsUser':7}},"
	         "{'name':'b'}]}}",
	         "65532"},
	        {"{'spec':{'securityContext':{'runAsUser':99999999999},'containers':[{'name':'a'}]}"
	         "}",
	         "65532"},
	};
	struct trial t;

	(void)state;
	trial_init(&t);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		injected(&t, cases[i].pod);
		assert_string_equal(
		        string_at(t.after, "spec initContainers 0 securityContext runAsUser"),
		        cases[i].uid);
	}
	trial_done(&t);
}

static void a_command_is_wrapped_by_insertion_only(void **state)
{
	struct trial t;
	size_t inserted = 0;

	(void)state;
	trial_init(&t);
	injected(&t, "{'spec':{'containers':[{'name':'a','command':['sh','-c','echo $(X) 1e3'],"
	             "'args':['y']}]}}");
	assert_string_equal(
	        text_of(at(t.after, "spec containers 0 command")),
	        "[\"/.farguard/farguard\",\"run\",\"--\",\"sh\",\"-c\",\"echo $(X) 1e3\"]");
	for (size_t i = 0; i < tree_count(t.result.patch); i++) {
		const char *path = tree_string(tree_at(t.result.patch, i), "path");

		assert_true(strcmp(path, "/spec/containers/0/command") != 0);
		inserted += strncmp(path, "/spec/containers/0/command/", 27) == 0;
	}
	assert_int_equal(inserted, 3);
	injected(&t, "{'spec':{'containers':[{'name':'a','command':[]}]}}");
	assert_string_equal(text_of(at(t.after, "spec containers 0 command")), "[]");
	trial_done(&t);
}

static const char *preload_of(struct trial *t)
{
	struct json_object *env = at(t->after, "spec containers 0 env");
	long index = tree_find(env, "name", "LD_PRELOAD");

	return index < 0 ? "(none)" : string_at(tree_at(env, (size_t)index), "value");
}

static void ld_preload_is_joined_left_or_set(void **state)
{
	static const char *const pods[] = {
	        "{'spec':{'containers':[{'name':'a'}]}}",
	        "{'spec':{'containers':[{'name':'a','env':[{'name':'LD_PRELOAD','value':"
	        "'$(DIR)/j.so'},{'name':'Z','value':'1'}]}]}}",
	        "{'spec':{'containers':[{'name':'a','env':[{'name':'LD_PRELOAD','value':''}]}]}}",
	        "{'spec':{'containers':[{'name':'a','env':[{'name':'LD_PRELOAD'}]}]}}",
	        "{'spec':{'containers':[{'name':'a','env':[{'name':'LD_PRELOAD','valueFrom':"
	        "{'configMapKeyRef':{}}}]}]}}",
	};
	static const char *const expected[][5] = {
	        {"(none)", "$(DIR)/j.so:/.farguard/libfarguard.so", ":/.farguard/libfarguard.so",
	         "(absent)", "(absent)"},
	        {"/.farguard/libfarguard.so", "$(DIR)/j.so:/.farguard/libfarguard.so",
	         ":/.farguard/libfarguard.so", "(absent)", "(absent)"},
	        {"(none)", "$(DIR)/j.so", "", "(absent)", "(absent)"},
	};
	static const enum policy_preload_env modes[] = {POLICY_PRELOAD_AUTO, POLICY_PRELOAD_ALWAYS,
	                                                POLICY_PRELOAD_NEVER};
	struct trial t;

	(void)state;
	trial_init(&t);
	for (size_t mode = 0; mode < 3; mode++) {
		t.policy.inject.preload_env = modes[mode];
		for (size_t i = 0; i < 5; i++) {
			injected(&t, pods[i]);
			assert_string_equal(preload_of(&t), expected[mode][i]);
		}
	}
	trial_done(&t);
}

static void a_volume_over_etc_keeps_our_file_out(void **state)
{
	static const char *const paths[] = {"/etc", "/etc/", "/etc/ld.so.preload"};
	struct trial t;
	char pod[256];

	(void)state;
	trial_init(&t);
	for (size_t i = 0; i < 3; i++) {
		snprintf(pod, sizeof(pod),
		         "{'spec':{'containers':[{'name':'a','command':['x'],'volumeMounts':["
		         "{'name':'v','mountPath':'%s'}]},{'name':'b'}]}}",
		         paths[i]);
		injected(&t, pod);
		assert_int_equal(tree_count(at(t.after, "spec containers 0 volumeMounts")), 2);
		assert_string_equal(string_at(t.result.status, "containers a how"), "command");
		snprintf(pod, sizeof(pod),
		         "{'spec':{'containers':[{'name':'a','volumeMounts':[{'name':'v',"
		         "'mountPath':'%s'}]},{'name':'b'}]}}",
		         paths[i]);
		injected(&t, pod);
		assert_string_equal(string_at(t.result.status, "containers a reason"),
		                    "etc-mounted");
		assert_string_equal(text_of(at(t.after, "spec containers 0")),
		                    text_of(at(t.pod, "spec containers 0")));
	}
	trial_done(&t);
}

static void init_containers_leave_their_records_in_a_volume(void **state)
{
	static const char pod[] =
	        "{'spec':{%s'initContainers':[{'name':'i','command':['x']},"
	        "{'name':'s','restartPolicy':'Always'}],'containers':[{'name':'a',"
	        "'command':['y']}]}}";
	char text[256];
	struct trial t;

	(void)state;
	trial_init(&t);
	snprintf(text, sizeof(text), pod, "");
	injected(&t, text);
	assert_string_equal(string_at(t.after, "spec initContainers 1 volumeMounts 2 mountPath"),
	                    "/.farguard-init");
	assert_string_equal(string_at(t.after, "spec initContainers 1 volumeMounts 2 subPath"),
	                    string_at(t.after, "spec initContainers 1 name"));
	assert_int_equal(tree_count(at(t.after, "spec initContainers 2 volumeMounts")), 2);
	assert_string_equal(text_of(at(t.after, "spec containers 1 volumeMounts 1")),
	                    "{\"name\":\"farguard-init\",\"mountPath\":\"/.farguard-init\","
	                    "\"readOnly\":true}");
	assert_string_equal(text_of(at(t.after, "spec volumes 2")),
	                    "{\"name\":\"farguard-init\",\"emptyDir\":{\"sizeLimit\":\"8Mi\"}}");
	snprintf(text, sizeof(text), pod, "'restartPolicy':'Never',");
	injected(&t, text);
	assert_string_equal(string_at(t.after, "spec initContainers 1 name"), "farguard-agent");
	assert_int_equal(tree_count(at(t.after, "spec volumes")), 2);
	trial_done(&t);
}

static const char *agent_env(struct trial *t, const char *name)
{
	struct json_object *env = at(t->after, "spec containers 1 env");
	long index = tree_find(env, "name", name);

	return string_at(tree_at(env, (size_t)index), "value");
}

static void the_agent_is_told_who_it_is(void **state)
{
	static const struct {
		const char *metadata, *workload;
	} cases[] = {
	        {"", "Pod/$(FARGUARD_POD)"},
	        {"'labels':{'pod-template-hash':'5d8f7'},'ownerReferences':[{'kind':'ReplicaSet',"
	         "'name':'web-5d8f7'}]",
	         "Deployment/web"},
	        {"'ownerReferences':[{'kind':'ReplicaSet','name':'web-5d8f7'}]",
	         "ReplicaSet/web-5d8f7"},
	        {"'ownerReferences':[{'kind':'X','name':'x'},{'kind':'Job','name':'once',"
	         "'controller':true}]",
	         "Job/once"},
	        {"'ownerReferences':[{'kind':'Job','name':'$(HOME)'}]", "Job/?(HOME)"},
	        {"'ownerReferences':[null]", "Pod/$(FARGUARD_POD)"},
	};
	struct trial t;
	char pod[512];

	(void)state;
	trial_init(&t);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(pod, sizeof(pod),
		         "{'metadata':{%s},'spec':{'containers':[{'name':'a','image':'x;$y z'}]}}",
		         cases[i].metadata);
		injected(&t, pod);
		assert_string_equal(agent_env(&t, "FARGUARD_WORKLOAD"), cases[i].workload);
	}
	assert_string_equal(agent_env(&t, "FARGUARD_CONTAINERS"), "a main self-wrap x?$$y?z");
	assert_string_equal(agent_env(&t, "FARGUARD_RESTART_POLICY"), "Always");
	assert_string_equal(agent_env(&t, "FARGUARD_HEARTBEAT_SECONDS"), "60");
	assert_string_equal(agent_env(&t, "FARGUARD_EVENTS"), "process");
	t.context.workload = "Deployment/known";
	injected(&t, PLAIN);
	assert_string_equal(agent_env(&t, "FARGUARD_WORKLOAD"), "Deployment/known");
	trial_done(&t);
}

static void injecting_twice_changes_nothing(void **state)
{
	struct trial t;

	(void)state;
	trial_init(&t);
	injected(&t, PLAIN);
	assert_int_equal(run_again(&t), REASON_ALREADY_INJECTED);
	assert_int_equal(tree_count(t.result.patch), 0);
	trial_done(&t);
}

/* Injected, then changed by the operations in `damage`: the repair must put back what it took. */
static void repaired(const char *pod, const char *damage)
{
	struct json_object *patch = json(damage), *undo, *whole;
	struct err err = {0};
	struct trial t;

	trial_init(&t);
	injected(&t, pod);
	whole = json(text_of(t.pod));
	assert_int_equal(mutate_apply(t.after, patch, &err), 0);
	if (run_again(&t) != REASON_REPAIRED)
		fail_msg("%s: %s", reason_name(t.result.reason), t.result.detail);
	undo = mutate_undo(t.after);
	assert_int_equal(mutate_apply(t.after, undo, &err), 0);
	assert_string_equal(text_of(t.after), text_of(whole));
	json_object_put(whole);
	json_object_put(undo);
	json_object_put(patch);
	trial_done(&t);
}

static void what_others_took_away_is_put_back(void **state)
{
	static const char pod[] = "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'a',"
	                          "'command':['x']}]}}";

	(void)state;
	repaired(pod, "[{'op':'remove','path':'/spec/containers/1'}]");
	repaired(pod, "[{'op':'remove','path':'/spec/initContainers/0'}]");
	repaired(pod, "[{'op':'remove','path':'/spec/volumes/0'}]");
	repaired(pod, "[{'op':'remove','path':'/spec/containers/0/env'}]");
	repaired(pod, "[{'op':'remove','path':'/spec/containers/0/volumeMounts/1'}]");
	repaired(pod, "[{'op':'remove','path':'/metadata/labels/farguard.io~1injected'}]");
	repaired(pod, "[{'op':'remove','path':'/spec/containers/0/command/0'},"
	              "{'op':'remove','path':'/spec/containers/0/command/0'},"
	              "{'op':'remove','path':'/spec/containers/0/command/0'}]");
	repaired("{'metadata':{'name':'p'},'spec':{'restartPolicy':'Never','containers':[{'name':"
	         "'a','command':['x']}]}}",
	         "[{'op':'remove','path':'/spec/initContainers/1/restartPolicy'}]");
}

/* Ours by their commands, whatever image and settings they have: a version before this one made
 * them, and what that did is left as it is; uninject and inject bring a file to this version. */
static void what_an_older_version_injected_stays(void **state)
{
	static const char *const older[] = {
	        "[{'op':'replace','path':'/spec/initContainers/0/image','value':'f:0.0.1'}]",
	        "[{'op':'replace','path':'/spec/containers/1/image','value':'f:0.0.1'}]",
	        "[{'op':'replace','path':'/spec/containers/1/resources','value':{}}]",
	        "[{'op':'remove','path':'/spec/containers/1/env/0'}]"};
	struct trial t;

	(void)state;
	for (size_t i = 0; i < sizeof(older) / sizeof(*older); i++) {
		struct json_object *patch = json(older[i]), *undo;
		struct err err = {0};

		trial_init(&t);
		injected(&t, PLAIN);
		assert_int_equal(mutate_apply(t.after, patch, &err), 0);
		assert_int_equal(run_again(&t), REASON_ALREADY_INJECTED);
		undo = mutate_undo(t.after);
		assert_int_equal(mutate_apply(t.after, undo, &err), 0);
		assert_null(at(t.after, "spec initContainers"));
		json_object_put(undo);
		json_object_put(patch);
		trial_done(&t);
	}
}

static void init_containers_before_ours_are_never_wrapped(void **state)
{
	struct json_object *patch =
	        json("[{'op':'add','path':'/spec/initContainers/0','value':{'name':'early',"
	             "'image':'e','command':['x']}},{'op':'add','path':'/spec/containers/0',"
	             "'value':{'name':'new','image':'n','command':['y']}}]");
	struct err err = {0};
	struct trial t;

	(void)state;
	trial_init(&t);
	injected(&t, PLAIN);
	assert_int_equal(mutate_apply(t.after, patch, &err), 0);
	assert_int_equal(run_again(&t), REASON_REPAIRED);
	assert_string_equal(string_at(t.result.status, "containers early reason"),
	                    "before-install");
	assert_string_equal(text_of(at(t.after, "spec initContainers 0 command")), "[\"x\"]");
	assert_string_equal(string_at(t.after, "spec containers 0 command 0"),
	                    "/.farguard/farguard");
	assert_string_equal(string_at(t.after, "spec containers 2 env 4 value"),
	                    "early init !before-install e;new main command n;web main self-wrap "
	                    "nginx");
	json_object_put(patch);
	trial_done(&t);
}

static void a_forged_status_changes_nothing(void **state)
{
	struct trial t;

	(void)state;
	trial_init(&t);
	injected(&t,
	         "{'metadata':{'annotations':{'farguard.io/status':'{\"reason\":\"injected\"}'},"
	         "'labels':{'farguard.io/injected':'true'}},'spec':{'containers':[{'name':'a'}]}}");
	injected(&t, "{'metadata':{'annotations':{'a':'b','farguard.io/status':7,'c':'d'},"
	             "'labels':{'farguard.io/injected':'no','x':'y'}},'spec':{'containers':"
	             "[{'name':'a'}]}}");
	trial_done(&t);
}

static void an_undo_of_what_is_not_ours_is_empty(void **state)
{
	static const char *const pods[] = {
	        PLAIN, "[]", "{'spec':3}", "{'spec':{'containers':[{'name':'farguard-agent'}]}}",
	        ("{'metadata':{'labels':{'farguard.io/injected':'true'}},'spec':{'volumes':"
	         "[{'name':'farguard','emptyDir':{}}],'containers':[{'name':'a'}]}}")};

	(void)state;
	for (size_t i = 0; i < sizeof(pods) / sizeof(*pods); i++) {
		struct json_object *pod = json(pods[i]), *undo = mutate_undo(pod);

		assert_int_equal(tree_count(undo), 0);
		assert_true(json_object_is_type(undo, json_type_array));
		json_object_put(undo);
		json_object_put(pod);
	}
}

static void a_guaranteed_pod_says_what_it_loses_or_keeps_it_for_free(void **state)
{
	static const char pod[] = "{'metadata':{'labels':{%s}},'spec':{'containers':[{'name':'a',"
	                          "'resources':{'limits':{'cpu':'%s','memory':'1Gi'}}}]}}";
	struct trial t;
	char text[256];

	(void)state;
	trial_init(&t);
	snprintf(text, sizeof(text), pod, "", "300m");
	injected(&t, text);
	assert_string_equal(text_of(at(t.result.status, "warnings")), "[\"qos-changed\"]");
	snprintf(text, sizeof(text), pod, "'eks.amazonaws.com/fargate-profile':'f'", "300m");
	injected(&t, text);
	assert_string_equal(text_of(at(t.result.status, "warnings")), "[]");
	assert_string_equal(text_of(at(t.after, "spec containers 1 resources requests")),
	                    "{\"cpu\":\"200m\",\"memory\":\"64Mi\"}");
	snprintf(text, sizeof(text), pod, "'eks.amazonaws.com/fargate-profile':'f'", "500m");
	injected(&t, text);
	assert_string_equal(text_of(at(t.result.status, "warnings")), "[\"qos-changed\"]");
	trial_done(&t);
}

static void requests_do_not_buy_a_larger_size_unless_that_is_allowed(void **state)
{
	static const char pod[] = "{'spec':{'containers':[{'name':'a','resources':{'requests':"
	                          "{'cpu':'250m'}}}]}}";
	struct trial t;

	(void)state;
	trial_init(&t);
	json_object_put(t.policy.agent.resources);
	t.policy.agent.resources = json("{'requests':{'cpu':'100m','memory':'32Mi'}}");
	injected(&t, pod);
	assert_string_equal(text_of(at(t.after, "spec containers 1 resources requests")),
	                    "{\"cpu\":\"0\",\"memory\":\"0\"}");
	t.policy.fargate.allow_size_increase = true;
	injected(&t, pod);
	assert_string_equal(text_of(at(t.after, "spec containers 1 resources requests")),
	                    "{\"cpu\":\"100m\",\"memory\":\"32Mi\"}");
	assert_string_equal(text_of(at(t.result.status, "warnings")), "[\"size-increased\"]");
	assert_string_equal(string_at(t.result.warnings, "0"),
	                    "farguard: size-increased: the pod needs a larger Fargate size than "
	                    "without Farguard: 0.5vCPU 1GB instead of 0.25vCPU 0.5GB, +9.01 USD a "
	                    "month");
	assert_string_equal(string_at(t.result.status, "fargate pricePerMonthDelta"), "9.01");
	trial_done(&t);
}

static void our_limits_stay_within_the_pods(void **state)
{
	struct trial t;

	(void)state;
	trial_init(&t);
	injected(&t, "{'spec':{'resources':{'limits':{'cpu':'100m','memory':'1Gi'}},'containers':"
	             "[{'name':'a'}]}}");
	assert_string_equal(text_of(at(t.after, "spec containers 1 resources limits")),
	                    "{\"cpu\":\"100m\",\"memory\":\"64Mi\"}");
	trial_done(&t);
}

TEST_MAIN(cmocka_unit_test(a_plain_pod_gets_the_parts_of_the_contract),
          cmocka_unit_test(our_containers_satisfy_pod_security_restricted),
          cmocka_unit_test(the_user_is_the_pods_own_where_all_share_one),
          cmocka_unit_test(a_command_is_wrapped_by_insertion_only),
          cmocka_unit_test(ld_preload_is_joined_left_or_set),
          cmocka_unit_test(a_volume_over_etc_keeps_our_file_out),
          cmocka_unit_test(init_containers_leave_their_records_in_a_volume),
          cmocka_unit_test(the_agent_is_told_who_it_is),
          cmocka_unit_test(injecting_twice_changes_nothing),
          cmocka_unit_test(what_others_took_away_is_put_back),
          cmocka_unit_test(what_an_older_version_injected_stays),
          cmocka_unit_test(init_containers_before_ours_are_never_wrapped),
          cmocka_unit_test(a_forged_status_changes_nothing),
          cmocka_unit_test(an_undo_of_what_is_not_ours_is_empty),
          cmocka_unit_test(a_guaranteed_pod_says_what_it_loses_or_keeps_it_for_free),
          cmocka_unit_test(requests_do_not_buy_a_larger_size_unless_that_is_allowed),
          cmocka_unit_test(our_limits_stay_within_the_pods))
