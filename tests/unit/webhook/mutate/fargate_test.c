#include "webhook/mutate/fargate.h"

#include "tests/unit/webhook/mutate/pods.h"

#define GIB 1073741824.0

static void size_is(double cpu, double gib, const char *expected)
{
	char text[32];

	fargate_format(fargate_round(cpu, gib * GIB), text);
	assert_string_equal(text, expected);
}

static void spec_is(const char *spec_text, const char *expected)
{
	struct json_object *spec = json(spec_text);
	char text[32];

	fargate_format(fargate_size_of(spec), text);
	assert_string_equal(text, expected);
	json_object_put(spec);
}

static void sizes_are_those_of_the_user_guide(void **state)
{
	(void)state;
	size_is(0, 0, "0.25vCPU 0.5GB");
	size_is(0.25, 0.25, "0.25vCPU 0.5GB");
	size_is(0.25, 0.26, "0.25vCPU 1GB");
	size_is(0.25, 1.75, "0.25vCPU 2GB");
	size_is(0.25, 1.76, "0.5vCPU 3GB");
	size_is(0.251, 0, "0.5vCPU 1GB");
	/* The guide's example: 1 vCPU and 8 GB ask for 9 GB with the reserve. */
	size_is(1, 8, "2vCPU 9GB");
	size_is(4, 29.75, "4vCPU 30GB");
	size_is(4, 29.76, "8vCPU 32GB");
	size_is(8, 16.75, "8vCPU 20GB");
	size_is(16, 33, "16vCPU 40GB");
	size_is(16, 119.75, "16vCPU 120GB");
	size_is(16, 119.76, "none");
	size_is(16.1, 1, "none");
}

static void the_larger_of_init_and_running_counts(void **state)
{
	(void)state;
	spec_is("{'containers':[{}]}", "0.25vCPU 0.5GB");
	spec_is("{'containers':[{'resources':{'requests':{'cpu':'1','memory':'1Gi'}}},"
	        "{'resources':{'requests':{'cpu':'500m','memory':'1Gi'}}}],'initContainers':["
	        "{'resources':{'requests':{'cpu':'250m','memory':'512Mi'}}}]}",
	        "2vCPU 4GB");
	spec_is("{'containers':[{'resources':{'requests':{'cpu':'250m'}}}],'initContainers':["
	        "{'resources':{'requests':{'cpu':2}}},{'resources':{'requests':{'cpu':1}}}]}",
	        "2vCPU 4GB");
	spec_is("{'containers':[{'resources':{'requests':{'cpu':'250m'}}}],'initContainers':["
	        "{'restartPolicy':'Always','resources':{'requests':{'cpu':'250m'}}}]}",
	        "0.5vCPU 1GB");
}

static void a_limit_stands_in_for_a_request(void **state)
{
	(void)state;
	spec_is("{'containers':[{'resources':{'limits':{'cpu':'1','memory':'2Gi'}}}]}",
	        "1vCPU 3GB");
	spec_is("{'containers':[{'resources':{'limits':{'cpu':'1'},'requests':{'cpu':'0'}}}]}",
	        "0.25vCPU 0.5GB");
	spec_is("{'containers':[{'resources':{'requests':{'cpu':'lots'}}}]}", "0.25vCPU 0.5GB");
}

static void a_month_has_730_hours(void **state)
{
	double price = fargate_month((struct fargate_size){0.25, 0.5}, 0.04048, 0.004445);

	(void)state;
	assert_true(price > 9.009 && price < 9.011);
}

static void guaranteed_needs_equal_limits_everywhere(void **state)
{
	static const struct {
		const char *spec;
		bool expected;
	} cases[] = {
	        {"{'containers':[{'resources':{'limits':{'cpu':'1','memory':'1Gi'}}}]}", true},
	        {"{'containers':[{'resources':{'limits':{'cpu':'1','memory':'1Gi'},'requests':"
	         "{'cpu':'1000m','memory':'1024Mi'}}}]}",
	         true},
	        {"{'containers':[{'resources':{'limits':{'cpu':'1','memory':'1Gi'},'requests':"
	         "{'cpu':'0'}}}]}",
	         false},
	        {"{'containers':[{'resources':{'limits':{'cpu':'1','memory':'1Gi'}}},{}]}", false},
	        {"{'initContainers':[{}],'containers':[{'resources':{'limits':{'cpu':'1',"
	         "'memory':'1Gi'}}}]}",
	         false},
	        {"{'resources':{'limits':{'cpu':'1','memory':'1Gi'}},'containers':[{}]}", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct json_object *spec = json(cases[i].spec);

		assert_int_equal(fargate_is_guaranteed(spec), cases[i].expected);
		json_object_put(spec);
	}
}

static void what_fargate_refuses_is_named(void **state)
{
	static const struct {
		const char *spec, *word;
	} cases[] = {
	        {"{'containers':[{'securityContext':{'privileged':true}}]}", "privileged"},
	        {"{'containers':[{'securityContext':{'capabilities':{'add':['CHOWN']}}}]}",
	         "capabilities.add"},
	        {"{'initContainers':[{'ports':[{'hostPort':80}]}]}", "hostPort"},
	        {"{'containers':[{'ports':[{'hostIP':'10.0.0.1'}]}]}", "hostIP"},
	        {"{'volumes':[{'name':'a','hostPath':{'path':'/'}}]}", "hostPath"},
	        {"{'hostIPC':true}", "hostIPC"},
	        {"{'containers':[{'ports':[{'hostPort':0}],'securityContext':{'capabilities':"
	         "{'drop':['ALL'],'add':[]}}}],'volumes':[{'name':'a','emptyDir':{}}]}",
	         NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct json_object *spec = json(cases[i].spec);
		const char *word = fargate_refuses(spec);

		assert_string_equal(word ? word : "", cases[i].word ? cases[i].word : "");
		json_object_put(spec);
	}
}

static void sums_are_exact_to_the_millicore(void **state)
{
	(void)state;
	spec_is("{'containers':[{'resources':{'requests':{'cpu':'100m'}}},"
	        "{'resources':{'requests':{'cpu':'350m'}}},{'resources':{'requests':{'cpu':'50m'}}}"
	        "]}",
	        "0.5vCPU 1GB");
	spec_is("{'containers':[{'resources':{'requests':{'cpu':'100m'}}},"
	        "{'resources':{'requests':{'cpu':'350m'}}},{'resources':{'requests':{'cpu':'51m'}}}"
	        "]}",
	        "1vCPU 2GB");
	spec_is("{'containers':[{'resources':{'requests':{'memory':'268435456'}}}]}",
	        "0.25vCPU 0.5GB");
	spec_is("{'containers':[{'resources':{'requests':{'memory':'268435457'}}}]}",
	        "0.25vCPU 1GB");
}

static void sums_are_shown_by_their_parts(void **state)
{
	struct json_object *spec =
	        json("{'containers':[{'resources':{'requests':{'cpu':'1','memory':'1Ki'}}},"
	             "{'resources':{'limits':{'cpu':2}}}],'initContainers':["
	             "{'resources':{'requests':{'cpu':'250m','memory':'4Ki'}}},"
	             "{'resources':{'requests':{'cpu':'500m','memory':'2Ki'}}},"
	             "{'restartPolicy':'Always','resources':{'requests':{'cpu':'4'}}}]}");
	struct fargate_sums sums = fargate_sums_of(spec);

	(void)state;
	assert_int_equal(sums.init.cpu * 1000, 500);
	assert_int_equal(sums.init.memory, 4096);
	assert_int_equal(sums.running.cpu, 7);
	assert_int_equal(sums.running.memory, 1024);
	assert_int_equal(sums.needed.cpu, 7);
	assert_int_equal(sums.needed.memory, 4096);
	json_object_put(spec);
}

TEST_MAIN(cmocka_unit_test(sizes_are_those_of_the_user_guide),
          cmocka_unit_test(the_larger_of_init_and_running_counts),
          cmocka_unit_test(a_limit_stands_in_for_a_request),
          cmocka_unit_test(a_month_has_730_hours),
          cmocka_unit_test(guaranteed_needs_equal_limits_everywhere),
          cmocka_unit_test(what_fargate_refuses_is_named),
          cmocka_unit_test(sums_are_exact_to_the_millicore),
          cmocka_unit_test(sums_are_shown_by_their_parts))
