#include "webhook/kube/limits.h"

#include "tests/harness.h"
#include "webhook/kube/json.h"

static void assert_kept(struct json_object *(*limits)(struct json_object *), const char *text,
                        const char *expected)
{
	struct json_object *object = json_parse_all(text, strlen(text), 32);
	struct json_object *kept = limits(object);

	assert_non_null(object);
	if (expected)
		assert_string_equal(
		        json_object_to_json_string_ext(
		                kept, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
		        expected);
	else
		assert_null(kept);
	json_object_put(object);
	json_object_put(kept);
}

static void range_is_its_spec(void **state)
{
	(void)state;
	assert_kept(limits_of_range,
	            "{\"metadata\":{\"name\":\"r\"},\"spec\":{\"limits\":[{\"type\":\"Container\","
	            "\"max\":{\"memory\":\"1Gi\"}}]}}",
	            "{\"limits\":[{\"type\":\"Container\",\"max\":{\"memory\":\"1Gi\"}}]}");
}

static void range_without_a_spec_is_nothing(void **state)
{
	(void)state;
	assert_kept(limits_of_range, "{\"metadata\":{\"name\":\"r\"}}", NULL);
	assert_kept(limits_of_range, "{\"spec\":[1]}", NULL);
	assert_kept(limits_of_range, "{\"spec\":null}", NULL);
	assert_kept(limits_of_range, "[]", NULL);
}

static void quota_is_what_is_enforced(void **state)
{
	(void)state;
	assert_kept(limits_of_quota,
	            "{\"spec\":{\"hard\":{\"pods\":\"9\"},\"scopes\":[\"NotTerminating\"],"
	            "\"scopeSelector\":{\"matchExpressions\":[]}},\"status\":{\"hard\":{\"pods\":"
	            "\"4\"},\"used\":{\"pods\":\"1\"}},\"kind\":\"ResourceQuota\"}",
	            "{\"hard\":{\"pods\":\"4\"},\"used\":{\"pods\":\"1\"},\"scopes\":["
	            "\"NotTerminating\"],\"scopeSelector\":{\"matchExpressions\":[]}}");
}

static void quota_that_is_not_enforced_yet_is_what_is_asked_for(void **state)
{
	(void)state;
	assert_kept(limits_of_quota, "{\"spec\":{\"hard\":{\"pods\":\"9\"}},\"status\":{}}",
	            "{\"hard\":{\"pods\":\"9\"}}");
	assert_kept(limits_of_quota, "{\"spec\":{\"hard\":{\"pods\":\"9\"}}}",
	            "{\"hard\":{\"pods\":\"9\"}}");
}

static void quota_of_other_types_keeps_what_is_right(void **state)
{
	(void)state;
	assert_kept(limits_of_quota, "{\"spec\":{}}", NULL);
	assert_kept(limits_of_quota, "{\"spec\":{\"hard\":\"x\"}}", NULL);
	assert_kept(limits_of_quota, "\"x\"", NULL);
	assert_kept(limits_of_quota,
	            "{\"spec\":{\"hard\":{},\"scopes\":{},\"scopeSelector\":[]},\"status\":{"
	            "\"hard\":1,\"used\":[]}}",
	            "{\"hard\":{}}");
}

TEST_MAIN(cmocka_unit_test(range_is_its_spec), cmocka_unit_test(range_without_a_spec_is_nothing),
          cmocka_unit_test(quota_is_what_is_enforced),
          cmocka_unit_test(quota_that_is_not_enforced_yet_is_what_is_asked_for),
          cmocka_unit_test(quota_of_other_types_keeps_what_is_right))
