#include "webhook/kubeconfig/credential.h"

#include <errno.h>

#include "injector/base/err.h"
#include "tests/harness.h"

#define V1     "client.authentication.k8s.io/v1"
#define HEAD   "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":"
#define AT(at) HEAD "{\"token\":\"t\",\"expirationTimestamp\":\"" at "\"}}"

static int parse(const char *text, struct credential *out, struct err *err)
{
	int r;

	*err = (struct err){0};
	*out = (struct credential){0};
	r = credential_parse(test_tail(text, strlen(text)), strlen(text), V1, out, err);
	assert_int_equal(err->code, -r);
	return r;
}

static void assert_refused(const char *text, const char *says)
{
	struct credential out;
	struct err err;

	assert_int_equal(parse(text, &out, &err), -EPROTO);
	if (!strstr(err.text, says))
		fail_msg("\"%s\" does not say \"%s\"", err.text, says);
	assert_null(out.token);
	assert_null(out.cert);
}

static void token_or_certificate_is_taken(void **state)
{
	struct credential out;
	struct err err;

	(void)state;
	assert_int_equal(parse(HEAD "{\"token\":\"abc\"},\"spec\":{}}\n", &out, &err), 0);
	assert_string_equal(out.token, "abc");
	assert_false(out.expires);
	credential_done(&out);
	assert_int_equal(parse(HEAD "{\"clientCertificateData\":\"c\",\"clientKeyData\":\"k\"}}",
	                       &out, &err),
	                 0);
	assert_null(out.token);
	assert_string_equal(out.cert, "c");
	assert_string_equal(out.key, "k");
	credential_done(&out);
	credential_done(&out);
}

static void assert_time(const char *text, time_t expected)
{
	struct credential out;
	struct err err;

	assert_int_equal(parse(text, &out, &err), 0);
	assert_true(out.expires);
	assert_int_equal(out.expiry, expected);
	credential_done(&out);
}

static void times_are_rfc_3339(void **state)
{
	(void)state;
	assert_time(AT("1970-01-02T00:00:00Z"), 86400);
	assert_time(AT("2026-01-01T00:00:00.123456Z"), 1767225600);
	assert_time(AT("2026-01-01T02:00:00+02:00"), 1767225600);
	assert_time(AT("2025-12-31T22:30:00-01:30"), 1767225600);
	assert_refused(AT("2026-01-01"), "no time");
	assert_refused(AT("2026-01-01T00:00:00"), "no time");
	assert_refused(AT("2026-01-01T00:00:00+2"), "no time");
	assert_refused(AT("2026-01-01T00:00:00Zulu"), "no time");
	assert_refused(AT("soon"), "no time");
}

static void what_is_no_credential_is_refused(void **state)
{
	(void)state;
	assert_refused("", "no JSON");
	assert_refused("log in first", "no JSON");
	assert_refused(HEAD "{\"token\":\"t\"}} {}", "no JSON");
	assert_refused("{}", "no ExecCredential");
	assert_refused("[]", "no ExecCredential");
	assert_refused("{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "beta1\"}",
	               "apiVersion " V1 "beta1, the kubeconfig says " V1);
	assert_refused("{\"kind\":\"ExecCredential\"}", "apiVersion (none)");
	assert_refused(HEAD "null}", "no status");
	assert_refused(HEAD "{}}", "neither token nor");
	assert_refused(HEAD "{\"token\":\"\"}}", "neither token nor");
	assert_refused(HEAD "{\"token\":7}}", "status.token is no string");
	assert_refused(HEAD "{\"token\":\"a\\u0000b\"}}", "has a NUL");
	assert_refused(HEAD "{\"token\":\"t\",\"clientCertificateData\":\"c\"}}",
	               "without its key");
	assert_refused(HEAD "{\"clientKeyData\":\"k\"}}", "a key alone");
}

static void every_strict_prefix_is_refused(void **state)
{
	static const char whole[] = AT("2026-01-01T00:00:00Z");
	struct credential out;
	struct err err;

	(void)state;
	for (size_t len = 0; len < sizeof(whole) - 1; len++)
		assert_int_equal(credential_parse(test_tail(whole, len), len, V1, &out, &err),
		                 -EPROTO);
	assert_int_equal(parse(whole, &out, &err), 0);
	credential_done(&out);
}

TEST_MAIN(cmocka_unit_test(token_or_certificate_is_taken), cmocka_unit_test(times_are_rfc_3339),
          cmocka_unit_test(what_is_no_credential_is_refused),
          cmocka_unit_test(every_strict_prefix_is_refused))
