/* ephemeral_test.c - containers that come to a pod that runs. */
#include "tests/unit/webhook/mutate/pods.h"

#include <string.h>

#include "webhook/mutate/ephemeral.h"

struct debug {
	struct trial trial;
	struct ops ops;
	struct mutate_result result;
	struct json_object *pod, *after;
};

/* A pod, injected or not, with these ephemeral containers; `old` names how many were there. */
static void debug(struct debug *d, bool is_injected, const char *containers, size_t old_count)
{
	struct json_object *old = NULL, *list;
	struct err err = {0};

	*d = (struct debug){0};
	trial_init(&d->trial);
	injected(&d->trial, PLAIN);
	assert_int_equal(
	        json_object_deep_copy(is_injected ? d->trial.after : d->trial.pod, &d->pod, NULL),
	        0);
	json_object_object_add(at(d->pod, "spec"), "ephemeralContainers", json(containers));
	assert_int_equal(json_object_deep_copy(d->pod, &old, NULL), 0);
	list = at(old, "spec ephemeralContainers");
	json_object_array_del_idx(list, old_count, json_object_array_length(list) - old_count);
	ephemeral_decide(&d->trial.policy, &d->trial.context, d->pod, old, &d->ops, &d->result);
	json_object_put(old);
	assert_int_equal(json_object_deep_copy(d->pod, &d->after, NULL), 0);
	if (d->result.reason == REASON_INJECTED) {
		struct json_object *patch = ops_json(&d->ops);

		if (mutate_apply(d->after, patch, &err) < 0)
			fail_msg("%s", err.text);
		json_object_put(patch);
	} else {
		assert_int_equal(d->ops.count, 0);
	}
}

static void end(struct debug *d)
{
	json_object_put(d->pod);
	json_object_put(d->after);
	mutate_result_done(&d->result);
	ops_done(&d->ops);
	trial_done(&d->trial);
}

static void a_command_is_wrapped(void **state)
{
	struct debug d;

	(void)state;
	debug(&d, true, "[{'name':'old'},{'name':'dbg','command':['sh','-c','id'],'tty':true}]", 1);
	assert_string_equal(reason_name(d.result.reason), "injected");
	assert_string_equal(
	        string_at(d.after, "spec ephemeralContainers 1"),
	        "{ \"name\": \"dbg\", \"command\": [ \"\\/.farguard\\/farguard\", \"run\", \"--\", "
	        "\"sh\", \"-c\", \"id\" ], \"tty\": true, \"env\": [ { \"name\": "
	        "\"FARGUARD_CONTAINER\", \"value\": \"dbg\" } ], \"volumeMounts\": [ { \"name\": "
	        "\"farguard\", \"mountPath\": \"\\/.farguard\", \"readOnly\": true } ] }");
	assert_string_equal(string_at(d.after, "spec ephemeralContainers 0"),
	                    "{ \"name\": \"old\" }");
	end(&d);
}

static void without_one_the_loader_brings_us_in(void **state)
{
	struct debug d;

	(void)state;
	debug(&d, true, "[{'name':'dbg','env':[{'name':'A','value':'b'}]}]", 0);
	assert_string_equal(reason_name(d.result.reason), "injected");
	assert_string_equal(text_of(at(d.after, "spec ephemeralContainers 0 env")),
	                    "[{\"name\":\"A\",\"value\":\"b\"},{\"name\":\"FARGUARD_CONTAINER\","
	                    "\"value\":\"dbg\"},{\"name\":\"LD_PRELOAD\",\"value\":"
	                    "\"/.farguard/libfarguard.so\"}]");
	end(&d);
	debug(&d, true, "[{'name':'dbg','env':[{'name':'LD_PRELOAD','value':'/a.so'}]}]", 0);
	assert_string_equal(string_at(d.after, "spec ephemeralContainers 0 env 0 value"),
	                    "/a.so:/.farguard/libfarguard.so");
	end(&d);
	debug(&d, true, "[{'name':'dbg','env':[{'name':'LD_PRELOAD','valueFrom':{}}]}]", 0);
	assert_string_equal(reason_name(d.result.reason), "no-container-selected");
	assert_string_equal(string_at(d.result.warnings, "0"),
	                    "farguard: ephemeral container \"dbg\" is not covered: "
	                    "musl-without-lookup");
	end(&d);
}

static void who_is_left_alone(void **state)
{
	struct debug d;

	(void)state;
	debug(&d, false, "[{'name':'dbg'}]", 0);
	assert_string_equal(reason_name(d.result.reason), "no-container-selected");
	assert_string_equal(d.result.detail, "the pod is not injected");
	end(&d);
	debug(&d, true, "[{'name':'dbg'}]", 1);
	assert_string_equal(reason_name(d.result.reason), "no-container-selected");
	end(&d);
	debug(&d, true, "[{'name':'istio-proxy'}]", 0);
	assert_string_equal(string_at(d.result.warnings, "0"),
	                    "farguard: ephemeral container \"istio-proxy\" is not covered: "
	                    "known-injector");
	end(&d);
	debug(&d, true, "[{'name':7}]", 0);
	assert_string_equal(reason_name(d.result.reason), "malformed");
	end(&d);
}

TEST_MAIN(cmocka_unit_test(a_command_is_wrapped),
          cmocka_unit_test(without_one_the_loader_brings_us_in),
          cmocka_unit_test(who_is_left_alone))
