#include "webhook/ctl/defaults.h"

#include "tests/unit/webhook/mutate/pods.h"

static void becomes(const char *resources, const char *item, const char *expected)
{
	char pod_text[256], ranges_text[256];
	struct json_object *pod, *ranges, *out;
	char *before;

	snprintf(pod_text, sizeof(pod_text), "{'spec':{'containers':[{'name':'c'%s}]}}", resources);
	snprintf(ranges_text, sizeof(ranges_text),
	         "[{'limits':[{'type':'Pod','max':{'cpu':9}},%s]}]", item);
	pod = json(pod_text);
	ranges = json(ranges_text);
	before = strdup(text_of(pod));
	out = defaults_of(pod, ranges);
	assert_non_null(out);
	assert_string_equal(text_of(at(out, "spec containers 0 resources")), expected);
	assert_string_equal(text_of(pod), before);
	free(before);
	json_object_put(out);
	json_object_put(ranges);
	json_object_put(pod);
}

static void defaults_fill_what_is_missing(void **state)
{
	(void)state;
	becomes("", "{'type':'Container','default':{'cpu':'2'},'defaultRequest':{'cpu':'1'}}",
	        "{\"limits\":{\"cpu\":\"2\"},\"requests\":{\"cpu\":\"1\"}}");
	becomes(",'resources':{'requests':{'cpu':'3'}}",
	        "{'type':'Container','default':{'cpu':'2','memory':'1Gi'}}",
	        "{\"requests\":{\"cpu\":\"3\",\"memory\":\"1Gi\"},"
	        "\"limits\":{\"cpu\":\"2\",\"memory\":\"1Gi\"}}");
}

static void a_limit_is_the_request_before_any_default(void **state)
{
	(void)state;
	becomes(",'resources':{'limits':{'cpu':'3'}}",
	        "{'type':'Container','defaultRequest':{'cpu':'1'}}",
	        "{\"limits\":{\"cpu\":\"3\"},\"requests\":{\"cpu\":\"3\"}}");
}

static void max_and_min_stand_in_for_defaults(void **state)
{
	(void)state;
	becomes("", "{'type':'Container','max':{'cpu':'2'},'min':{'cpu':'1','memory':'1Gi'}}",
	        "{\"limits\":{\"cpu\":\"2\"},\"requests\":{\"cpu\":\"2\",\"memory\":\"1Gi\"}}");
}

static void other_shapes_are_left_alone(void **state)
{
	static const char *const pods[] = {"{'spec':{'containers':[1,{'resources':7}]}}",
	                                   "{'spec':{'containers':{}}}", "{'spec':[]}", "[]"};
	struct json_object *ranges =
	        json("[{'limits':[{'type':'Container','default':{'cpu':'1'}},"
	             "{'type':'Container','default':3},{}]},[],{'limits':{}}]");

	(void)state;
	for (size_t i = 0; i < sizeof(pods) / sizeof(*pods); i++) {
		struct json_object *pod = json(pods[i]), *out = defaults_of(pod, ranges);

		assert_non_null(out);
		assert_string_equal(text_of(out), text_of(pod));
		json_object_put(out);
		json_object_put(pod);
	}
	json_object_put(ranges);
}

TEST_MAIN(cmocka_unit_test(defaults_fill_what_is_missing),
          cmocka_unit_test(a_limit_is_the_request_before_any_default),
          cmocka_unit_test(max_and_min_stand_in_for_defaults),
          cmocka_unit_test(other_shapes_are_left_alone))
