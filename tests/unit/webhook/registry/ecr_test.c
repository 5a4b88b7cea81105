#include "webhook/registry/ecr.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/harness.h"
#include "webhook/registry/aws.h"

static void host_of_ecr_names_its_region(void **state)
{
	struct ecr_host host;

	(void)state;
	assert_true(ecr_parse_host("123456789012.dkr.ecr.eu-central-1.amazonaws.com", &host));
	assert_string_equal(host.region, "eu-central-1");
	assert_false(host.is_china || host.is_fips);
	assert_true(ecr_parse_host("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", &host));
	assert_string_equal(host.region, "cn-north-1");
	assert_true(host.is_china);
	assert_true(ecr_parse_host("123456789012.dkr.ecr-fips.us-gov-east-1.amazonaws.com", &host));
	assert_true(host.is_fips);
}

/* Whoever could choose the host would be sent our keys' signature. */
static void host_that_only_looks_like_ecr_is_none(void **state)
{
	static const char *const wrong[] = {
	        "",
	        "amazonaws.com",
	        "123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.test",
	        "123456789012.dkr.ecr.eu-central-1.amazonaws.com:443",
	        "123456789012.dkr.ecr.eu-central-1.evil.test",
	        "123456789012.dkr.ecr.evil.test/.amazonaws.com",
	        "123456789012.dkr.ecr..amazonaws.com",
	        "123456789012.dkr.ecr.EU.amazonaws.com",
	        "123456789012.dkr.ecr.a_b.amazonaws.com",
	        "123456789012.dkr.ecr.0123456789012345678901234567890123456789.amazonaws.com",
	        "12345678901.dkr.ecr.eu-central-1.amazonaws.com",
	        "1234567890123.dkr.ecr.eu-central-1.amazonaws.com",
	        "12345678901a.dkr.ecr.eu-central-1.amazonaws.com",
	        "123456789012.dkr.ecr.amazonaws.com",
	        "123456789012.dkrxecr.eu-central-1.amazonaws.com",
	        "public.ecr.aws",
	};
	struct ecr_host host;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (ecr_parse_host(test_tail(wrong[i], strlen(wrong[i]) + 1), &host))
			fail_msg("%s is taken", wrong[i]);
}

static int parse_token(const char *text, char **basic, int64_t *expiry_s)
{
	return ecr_parse_token(test_tail(text, strlen(text)), strlen(text), basic, expiry_s);
}

static void token_is_user_and_password(void **state)
{
	static const char *const wrong[] = {
	        "",
	        "{}",
	        "{\"authorizationData\":[]}",
	        "{\"authorizationData\":{}}",
	        "{\"authorizationData\":[{\"authorizationToken\":7}]}",
	        "{\"authorizationData\":[{\"authorizationToken\":\"\"}]}",
	        "{\"authorizationData\":[{\"authorizationToken\":\"QVdT\"}]}",
	        "{\"authorizationData\":[{\"authorizationToken\":\"QVdTOng\\r\\nX: y\"}]}",
	};
	int64_t expiry_s = 0;
	char *basic = NULL;

	(void)state;
	assert_int_equal(
	        parse_token("{\"authorizationData\":[{\"authorizationToken\":\"QVdTOnB3\","
	                    "\"expiresAt\":1.7000000005E9,\"proxyEndpoint\":\"https://x\"}]}",
	                    &basic, &expiry_s),
	        0);
	assert_string_equal(basic, "QVdTOnB3");
	assert_int_equal(expiry_s, 1700000000);
	free(basic);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(parse_token(wrong[i], &basic, &expiry_s), -EBADMSG);
}

static int parse_role(const char *text, struct aws_keys *out)
{
	return aws_parse_role(test_tail(text, strlen(text)), strlen(text), out);
}

static void role_comes_with_three_keys(void **state)
{
	static const char good[] =
	        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/\">"
	        "<AssumeRoleWithWebIdentityResult><Audience>sts</Audience><Credentials>"
	        "<SessionToken>a/b+c==</SessionToken><SecretAccessKey>s/k</SecretAccessKey>"
	        "<Expiration>2026-01-01T00:00:00Z</Expiration><AccessKeyId>ASIA1</AccessKeyId>"
	        "</Credentials></AssumeRoleWithWebIdentityResult></"
	        "AssumeRoleWithWebIdentityResponse>";
	static const char *const wrong[] = {
	        "",
	        "<Credentials>",
	        "<Credentials></Credentials>",
	        "<AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey>",
	        "<Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey>"
	        "</Credentials><SessionToken>c</SessionToken>",
	        "<Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey></SecretAccessKey>"
	        "<SessionToken>c</SessionToken></Credentials>",
	        "<Credentials><AccessKeyId>a\nX: "
	        "y</AccessKeyId><SecretAccessKey>b</SecretAccessKey>"
	        "<SessionToken>c</SessionToken></Credentials>",
	        "<Credentials><AccessKeyId>a:b</AccessKeyId><SecretAccessKey>b</SecretAccessKey>"
	        "<SessionToken>c</SessionToken></Credentials>",
	};
	struct aws_keys keys;

	(void)state;
	assert_int_equal(parse_role(good, &keys), 0);
	assert_string_equal(keys.key_id, "ASIA1");
	assert_string_equal(keys.secret, "s/k");
	assert_string_equal(keys.session_token, "a/b+c==");
	aws_keys_done(&keys);
	aws_keys_done(&keys);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(parse_role(wrong[i], &keys), -EBADMSG);
		assert_null(keys.key_id);
	}
	for (size_t len = 0; len + 100 < sizeof(good); len++)
		assert_int_equal(aws_parse_role(test_tail(good, len), len, &keys), -EBADMSG);
}

static void environment_says_who_we_are(void **state)
{
	static const char *const names[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
	                                    "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"};
	struct aws aws;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		unsetenv(names[i]);
	for (unsigned set = 0; set < 16; set++) {
		for (size_t i = 0; i < 4; i++)
			setenv(names[i], set & 1u << i ? "x" : "", 1);
		assert_int_equal(aws_init(&aws), 0);
		assert_int_equal(aws_has_keys(&aws), (set & 3) == 3 || (set & 12) == 12);
		aws_done(&aws);
		aws_done(&aws);
	}
	for (size_t i = 0; i < 4; i++)
		unsetenv(names[i]);
}

TEST_MAIN(cmocka_unit_test(host_of_ecr_names_its_region),
          cmocka_unit_test(host_that_only_looks_like_ecr_is_none),
          cmocka_unit_test(token_is_user_and_password),
          cmocka_unit_test(role_comes_with_three_keys),
          cmocka_unit_test(environment_says_who_we_are))
