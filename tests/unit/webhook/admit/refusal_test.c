#include "webhook/admit/refusal.h"

#include <json-c/json.h>
#include <stdio.h>

#include "tests/harness.h"

#define IMAGE "registry.test:5000/farguard/farguard-payload:1.2@sha256:00"

static bool is_ours(const char *reason, const char *message, const char *times, struct refusal *out)
{
	struct json_object *object = json_object_new_object(), *more = json_tokener_parse(times);
	bool ours;

	json_object_object_add(object, "reason", json_object_new_string(reason));
	json_object_object_add(object, "message", json_object_new_string(message));
	json_object_object_foreach(more, key, value)
	        json_object_object_add(object, key, json_object_get(value));
	ours = refusal_read(object, IMAGE, out);
	json_object_put(object);
	json_object_put(more);
	return ours;
}

static bool speaks(const char *message)
{
	struct refusal refusal;

	return is_ours("FailedCreate", message, "{\"lastTimestamp\":\"1970-01-01T00:00:09Z\"}",
	               &refusal);
}

static void sentence_that_names_our_image_or_containers_is_about_us(void **state)
{
	(void)state;
	/* Sentences of the API server, of Kyverno and of a ValidatingAdmissionPolicy. */
	assert_true(speaks("Error creating: pods \"web-7d\" is forbidden: violates PodSecurity "
	                   "\"restricted:latest\": runAsNonRoot != true (containers \"web\", "
	                   "\"farguard-agent\" must set securityContext.runAsNonRoot=true)"));
	assert_true(
	        speaks("Error creating: pods \"web-7d\" is forbidden: ValidatingAdmissionPolicy "
	               "'images' with binding 'images' denied request: image "
	               "registry.test:5000/farguard/farguard-payload:1.2 is not allowed"));
	assert_true(speaks("image registry.test:5000/farguard/farguard-payload is not allowed"));
	assert_true(speaks("registry.test:5000/farguard/farguard-payload@sha256:00"));
	assert_true(speaks("create Pod db-0 in StatefulSet db failed error: spec.initContainers"
	                   "[farguard-install]: no"));
}

static void sentence_about_others_is_not(void **state)
{
	(void)state;
	assert_false(speaks("Error creating: pods \"web-7d\" is forbidden: exceeded quota: q, "
	                    "requested: limits.memory=64Mi, used: limits.memory=1Gi"));
	assert_false(speaks("pods \"farguard-agent-7d8-x\" is forbidden"));
	assert_false(speaks("pods \"my-farguard-install\" is forbidden"));
	assert_false(speaks("image registry.test:5000/farguard/farguard-payload-other:1 is not"));
	assert_false(speaks("image mirror/registry.test:5000/farguard/farguard-payload:1 is not"));
	assert_false(speaks("image farguard-payload:1.2 is not"));
	assert_false(speaks(""));
}

static void event_of_another_reason_is_not(void **state)
{
	struct refusal refusal;

	(void)state;
	assert_false(is_ours("FailedScheduling", "\"farguard-agent\"",
	                     "{\"lastTimestamp\":\"1970-01-01T00:00:09Z\"}", &refusal));
	assert_false(is_ours("FailedCreate", "\"farguard-agent\"", "{}", &refusal));
	assert_false(refusal_read(NULL, IMAGE, &refusal));
}

static void time_is_when_it_was_said_last(void **state)
{
	static const struct {
		const char *times;
		int64_t at_s;
	} cases[] = {
	        {"{\"lastTimestamp\":\"1970-01-01T00:00:09Z\",\"firstTimestamp\":"
	         "\"1970-01-01T00:00:02Z\"}",
	         9},
	        {"{\"lastTimestamp\":null,\"eventTime\":\"1970-01-01T00:00:05.123456Z\"}", 5},
	        {"{\"eventTime\":\"1970-01-01T00:00:05.1Z\",\"series\":{\"lastObservedTime\":"
	         "\"1970-01-01T00:00:07.5Z\"}}",
	         7},
	        {"{\"firstTimestamp\":\"1970-01-01T00:00:02Z\"}", 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct refusal refusal;

		assert_true(
		        is_ours("FailedCreate", "\"farguard-agent\"", cases[i].times, &refusal));
		assert_int_equal(refusal.at_s, cases[i].at_s);
		assert_string_equal(refusal.why, "\"farguard-agent\"");
	}
}

static void long_sentence_is_cut(void **state)
{
	char message[4096];
	struct refusal refusal;

	(void)state;
	memset(message, 'x', sizeof(message));
	snprintf(message + sizeof(message) - 40, 40, " \"farguard-agent\" ");
	assert_true(is_ours("FailedCreate", message, "{\"lastTimestamp\":\"1970-01-01T00:00:09Z\"}",
	                    &refusal));
	assert_int_equal(strlen(refusal.why), REFUSAL_WHY_MAX - 1);
}

TEST_MAIN(cmocka_unit_test(sentence_that_names_our_image_or_containers_is_about_us),
          cmocka_unit_test(sentence_about_others_is_not),
          cmocka_unit_test(event_of_another_reason_is_not),
          cmocka_unit_test(time_is_when_it_was_said_last), cmocka_unit_test(long_sentence_is_cut))
