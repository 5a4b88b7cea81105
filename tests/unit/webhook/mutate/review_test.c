#include "webhook/mutate/review.h"

#include <errno.h>
#include <stdlib.h>

#include "injector/base/base64.h"
#include "tests/unit/webhook/mutate/pods.h"

#define HEAD   "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":"
#define KIND   "\"kind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"}"
#define CREATE "\"operation\":\"CREATE\",\"namespace\":\"shop\""
#define POD                                                                                        \
	"\"object\":{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"a\"}]}}"
#define REVIEW HEAD "{\"uid\":\"u-1\"," KIND "," CREATE "," POD "}}"

static int lookup(void *ctx, const char *namespace, struct review_namespace *out)
{
	(void)namespace;
	if (!ctx)
		return -EAGAIN;
	memcpy(out->inject, ctx, strlen(ctx) + 1);
	return 0;
}

struct answer {
	struct policy policy;
	struct review_outcome outcome;
	struct err err;
	char *body;
	size_t len;
	struct json_object *parsed;
};

static void answer_done(struct answer *a)
{
	free(a->body);
	json_object_put(a->parsed);
	policy_done(&a->policy);
}

/* Answer `len` bytes against a guard page. */
static int answer_bytes(struct answer *a, const char *bytes, size_t len, const char *namespace)
{
	struct review_world world = {.native_sidecars = true, .namespace = lookup};
	char value[16];
	int r;

	*a = (struct answer){0};
	snprintf(value, sizeof(value), "%s", namespace ? namespace : "");
	assert_int_equal(policy_init(&a->policy), 0);
	world.ctx = namespace ? value : NULL;
	r = review_answer(&a->policy, &world, test_tail(bytes, len), len, &a->body, &a->len,
	                  &a->outcome, &a->err);
	if (r == 0) {
		assert_int_equal(strlen(a->body), a->len);
		a->parsed = json(a->body);
		assert_string_equal(string_at(a->parsed, "apiVersion"), "admission.k8s.io/v1");
		assert_string_equal(string_at(a->parsed, "kind"), "AdmissionReview");
		assert_true(tree_true(at(a->parsed, "response"), "allowed"));
		assert_string_equal(string_at(a->parsed, "response auditAnnotations reason"),
		                    reason_name(a->outcome.reason));
		assert_int_equal(tree_has(at(a->parsed, "response"), "patch"),
		                 a->outcome.operations > 0);
		assert_int_equal(tree_has(at(a->parsed, "response"), "patchType"),
		                 a->outcome.operations > 0);
	} else {
		assert_null(a->body);
		assert_int_equal(a->err.code, -r);
	}
	return r;
}

static void answered(const char *text, const char *namespace, enum reason reason)
{
	struct answer a;

	if (answer_bytes(&a, text, strlen(text), namespace) != 0)
		fail_msg("%s", a.err.text);
	assert_string_equal(reason_name(a.outcome.reason), reason_name(reason));
	assert_string_equal(string_at(a.parsed, "response uid"), "u-1");
	answer_done(&a);
}

static void refused(const char *text, const char *message)
{
	struct answer a;

	assert_int_equal(answer_bytes(&a, text, strlen(text), "enabled"), -EBADMSG);
	assert_string_equal(a.err.text, message);
	answer_done(&a);
}

static char *decoded(const char *text)
{
	static const char digits[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = calloc(1, strlen(text) + 4), *p = out;
	unsigned bits = 0, have = 0;

	for (; *text && *text != '='; text++) {
		bits = bits << 6 | (unsigned)(strchr(digits, *text) - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			*p++ = (char)(bits >> have);
		}
	}
	return out;
}

static void a_pod_is_answered_with_a_patch_that_applies(void **state)
{
	struct json_object *pod =
	        json("{'metadata':{'name':'p'},'spec':{'containers':[{'name':'a'}]}}");
	struct json_object *patch;
	struct err err = {0};
	struct answer a;
	char *text;

	(void)state;
	assert_int_equal(answer_bytes(&a, REVIEW, strlen(REVIEW), "enabled"), 0);
	assert_int_equal(a.outcome.reason, REASON_INJECTED);
	assert_string_equal(a.outcome.uid, "u-1");
	assert_string_equal(a.outcome.operation, "CREATE");
	assert_string_equal(a.outcome.namespace, "shop");
	assert_string_equal(a.outcome.name, "p");
	assert_string_equal(string_at(a.parsed, "response patchType"), "JSONPatch");
	text = decoded(string_at(a.parsed, "response patch"));
	patch = json(text);
	assert_int_equal(tree_count(patch), a.outcome.operations);
	assert_int_equal(mutate_apply(pod, patch, &err), 0);
	assert_string_equal(string_at(pod, "metadata labels farguard.io/injected"), "true");
	free(text);
	json_object_put(patch);
	json_object_put(pod);
	answer_done(&a);
}

static void the_namespace_decides_unless_the_pod_does(void **state)
{
	static const char own[] = HEAD
	        "{\"uid\":\"u-1\"," KIND "," CREATE ",\"object\":{\"metadata\":{\"annotations\":"
	        "{\"farguard.io/inject\":\"enabled\"}},\"spec\":{\"containers\":[{\"name\":\"a\"}]"
	        "}}}}";

	(void)state;
	answered(REVIEW, "", REASON_NOT_OPTED_IN);
	answered(REVIEW, "disabled", REASON_OPTED_OUT);
	answered(REVIEW, NULL, REASON_NOT_READY);
	answered(own, "disabled", REASON_INJECTED);
	answered(own, NULL, REASON_INJECTED);
}

static void other_requests_are_allowed_as_they_are(void **state)
{
	(void)state;
	answered(HEAD "{\"uid\":\"u-1\"," KIND ",\"operation\":\"UPDATE\"," POD "}}", "enabled",
	         REASON_UNSUPPORTED_KIND);
	answered(HEAD "{\"uid\":\"u-1\",\"kind\":{\"group\":\"apps\",\"kind\":\"Pod\"}," CREATE
	              "," POD "}}",
	         "enabled", REASON_UNSUPPORTED_KIND);
	answered(HEAD "{\"uid\":\"u-1\"," KIND ",\"subResource\":\"exec\"," CREATE "," POD "}}",
	         "enabled", REASON_UNSUPPORTED_KIND);
	answered(HEAD "{\"uid\":\"u-1\"}}", "enabled", REASON_UNSUPPORTED_KIND);
	answered(HEAD "{\"uid\":\"u-1\"," KIND "," CREATE "}}", "enabled", REASON_MALFORMED);
	answered(HEAD "{\"uid\":\"u-1\"," KIND "," CREATE ",\"object\":null}}", "enabled",
	         REASON_MALFORMED);
	answered(HEAD "{\"uid\":\"u-1\"," KIND "," CREATE ",\"object\":[]}}", "enabled",
	         REASON_MALFORMED);
}

static void what_is_no_review_is_refused(void **state)
{
	(void)state;
	refused("", "the request ends early");
	refused("{}", "this is no AdmissionReview of admission.k8s.io/v1");
	refused("[]", "this is no AdmissionReview of admission.k8s.io/v1");
	refused(REVIEW "x", "byte 245: no JSON");
	refused("{kind:1}", "byte 1: no JSON");
	refused(HEAD "null}", "request: missing");
	refused(HEAD "{\"uid\":\"\"}}", "request.uid: missing");
	refused(HEAD "{\"uid\":7}}", "request.uid: missing");
	refused("{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1beta1\","
	        "\"request\":{\"uid\":\"u\"}}",
	        "this is no AdmissionReview of admission.k8s.io/v1");
	answered(REVIEW " \r\n", "enabled", REASON_INJECTED);
}

static void every_prefix_is_refused(void **state)
{
	(void)state;
	for (size_t len = 0; len < strlen(REVIEW); len++) {
		struct answer a;

		assert_int_equal(answer_bytes(&a, REVIEW, len, "enabled"), -EBADMSG);
		answer_done(&a);
	}
}

static void nesting_beyond_the_limit_is_allowed_by_its_uid(void **state)
{
	static char text[1024];
	size_t len;

	(void)state;
	len = (size_t)snprintf(text, sizeof(text),
	                       "%s{\"a\":\"\\\"uid\",\"uid\":\"u-1\",\"x\":", HEAD);
	memset(text + len, '[', 200);
	memset(text + len + 200, ']', 200);
	memcpy(text + len + 400, "}}", 3);
	answered(text, "enabled", REASON_MALFORMED);
	/* A uid elsewhere is none. */
	len = (size_t)snprintf(text, sizeof(text),
	                       "{\"uid\":\"u-1\",\"request\":{\"b\":{\"uid\":\"u-1\"},\"x\":");
	memset(text + len, '[', 200);
	text[len + 200] = '\0';
	refused(text, "the request is nested too deep, and request.uid is not found");
}

static void a_request_that_is_too_large_is_allowed_by_its_uid(void **state)
{
	size_t len = REVIEW_BYTES_MAX + 1;
	char *text = malloc(len);
	struct answer a;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', len);
	memcpy(text, REVIEW, strlen(REVIEW));
	assert_int_equal(answer_bytes(&a, text, len, "enabled"), 0);
	assert_int_equal(a.outcome.reason, REASON_TOO_LARGE);
	assert_string_equal(string_at(a.parsed, "response uid"), "u-1");
	answer_done(&a);
	text[0] = ' ';
	assert_int_equal(answer_bytes(&a, text, len, "enabled"), -EBADMSG);
	answer_done(&a);
	free(text);
}

static void a_dry_run_is_answered_alike(void **state)
{
	static const char dry[] =
	        HEAD "{\"uid\":\"u-1\"," KIND "," CREATE ",\"dryRun\":true," POD "}}";
	struct answer a, b;

	(void)state;
	assert_int_equal(answer_bytes(&a, dry, strlen(dry), "enabled"), 0);
	assert_true(a.outcome.dry_run);
	assert_int_equal(answer_bytes(&b, REVIEW, strlen(REVIEW), "enabled"), 0);
	assert_false(b.outcome.dry_run);
	assert_string_equal(a.body, b.body);
	answer_done(&a);
	answer_done(&b);
}

static void base64_is_that_of_rfc_4648(void **state)
{
	static const char *const cases[][2] = {
	        {"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
	        {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xff\xfe\xfd", "//79"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t len = strlen(cases[i][0]);
		char out[16] = "";

		assert_int_equal(BASE64_BYTES(len), strlen(cases[i][1]));
		base64_format(test_tail(cases[i][0], len), len, out);
		assert_string_equal(out, cases[i][1]);
	}
}

TEST_MAIN(cmocka_unit_test(a_pod_is_answered_with_a_patch_that_applies),
          cmocka_unit_test(the_namespace_decides_unless_the_pod_does),
          cmocka_unit_test(other_requests_are_allowed_as_they_are),
          cmocka_unit_test(what_is_no_review_is_refused), cmocka_unit_test(every_prefix_is_refused),
          cmocka_unit_test(nesting_beyond_the_limit_is_allowed_by_its_uid),
          cmocka_unit_test(a_request_that_is_too_large_is_allowed_by_its_uid),
          cmocka_unit_test(a_dry_run_is_answered_alike),
          cmocka_unit_test(base64_is_that_of_rfc_4648))
