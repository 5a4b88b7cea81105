#include "webhook/registry/challenge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "injector/base/err.h"
#include "tests/harness.h"
#include "webhook/http/http.h"
#include "webhook/registry/location.h"

static struct challenge parse(const char *value)
{
	struct challenge challenge = {0};

	challenge_parse(test_tail(value, strlen(value) + 1), &challenge);
	return challenge;
}

static void bearer_says_where_and_for_what(void **state)
{
	struct challenge c = parse("Bearer realm=\"https://auth.docker.io/token\","
	                           "service=\"registry.docker.io\",scope=\"repository:a/b:pull\"");

	(void)state;
	assert_int_equal(c.kind, CHALLENGE_BEARER);
	assert_string_equal(c.realm, "https://auth.docker.io/token");
	assert_string_equal(c.service, "registry.docker.io");
	assert_string_equal(c.scope, "repository:a/b:pull");
	c = parse(
	        "bEARER \t Realm = https://a/t , error=\"insufficient, scope\",SCOPE=\"a \\\"b\"");
	assert_int_equal(c.kind, CHALLENGE_BEARER);
	assert_string_equal(c.realm, "https://a/t");
	assert_string_equal(c.scope, "a \"b");
	assert_string_equal(c.service, "");
}

static void token_is_preferred_to_a_password(void **state)
{
	struct challenge c = {0};

	(void)state;
	assert_int_equal(parse("Basic realm=\"x\"").kind, CHALLENGE_BASIC);
	assert_int_equal(parse("Basic").kind, CHALLENGE_BASIC);
	assert_int_equal(parse("Basic realm=\"x\", Bearer realm=\"https://a\"").kind,
	                 CHALLENGE_BEARER);
	assert_int_equal(parse("Bearer realm=\"https://a\", Basic realm=\"x\"").kind,
	                 CHALLENGE_BEARER);
	assert_int_equal(parse("Negotiate abc==, Basic realm=x").kind, CHALLENGE_BASIC);
	challenge_parse("Basic realm=\"x\"", &c);
	challenge_parse("Bearer realm=\"https://a\"", &c);
	challenge_parse("Basic realm=\"y\"", &c);
	assert_int_equal(c.kind, CHALLENGE_BEARER);
	assert_string_equal(c.realm, "https://a");
}

static void what_is_no_challenge_is_none(void **state)
{
	static const char *const wrong[] = {
	        "",
	        " ",
	        ",,,",
	        "Negotiate",
	        "Digest realm=\"x\"",
	        "Bearer",
	        "Bearer realm=",
	        "Bearer realm=\"\"",
	        "Bearer realm=\"https://a",
	        "Bearer realm=\"https://a\\",
	        "Bearer service=\"x\"",
	        "\"Bearer realm=x",
	        "Bearerrealm=\"https://a\"",
	        "=Basic",
	        "\x80\xff",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (parse(wrong[i]).kind != CHALLENGE_NONE)
			fail_msg("\"%s\" is taken", wrong[i]);
}

static void long_values_are_refused_not_cut(void **state)
{
	char text[4000];

	(void)state;
	snprintf(text, sizeof(text), "Bearer realm=\"https://a/%0*d\"", 1000, 0);
	assert_int_equal(parse(text).kind, CHALLENGE_BEARER);
	snprintf(text, sizeof(text), "Bearer realm=\"https://a/%0*d\"", 1020, 0);
	assert_int_equal(parse(text).kind, CHALLENGE_NONE);
	snprintf(text, sizeof(text), "Bearer realm=\"https://a\",scope=\"%0*d\"", 3000, 0);
	assert_int_equal(parse(text).kind, CHALLENGE_NONE);
	snprintf(text, sizeof(text), "Bearer realm=\"https://a\",other=\"%0*d\"", 3000, 0);
	assert_int_equal(parse(text).kind, CHALLENGE_BEARER);
}

static int locate(const char *value, bool http_ok, struct location *out)
{
	struct challenge challenge = parse(value);
	struct err err = {0};

	return challenge_locate(&challenge, "a/b", http_ok, out, &err);
}

static void token_is_asked_for_by_service_and_scope(void **state)
{
	struct location at;

	(void)state;
	assert_int_equal(locate("Bearer realm=\"https://Auth.Example:443/t?x=1\",service=\"a b&c\","
	                        "scope=\"repository:a/b:pull other\"",
	                        false, &at),
	                 0);
	assert_string_equal(at.base, "https://auth.example");
	assert_string_equal(at.path, "/t?x=1&service=a%20b%26c&scope=repository%3Aa%2Fb%3Apull"
	                             "&scope=other");
	/* Where the registry does not say, the least that does. */
	assert_int_equal(locate("Bearer realm=\"https://a\"", false, &at), 0);
	assert_string_equal(at.path, "/?scope=repository%3Aa%2Fb%3Apull");
}

static void token_is_not_fetched_in_the_clear(void **state)
{
	static const char *const wrong[] = {
	        "http://auth.example/t",
	        "http://10.0.0.1/t",
	        "ftp://a/t",
	        "file:///etc/passwd",
	        "https://user:pass@a/t",
	        "https://a/t\\nx",
	        "//a/t",
	        "/t",
	        "http://127.0.0.1.a.test/t",
	        "http://127.0.0.1@a/t",
	        "javascript:x",
	};
	struct location at;
	char value[200];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		snprintf(value, sizeof(value), "Bearer realm=\"%s\"", wrong[i]);
		/* "\n" unquotes to "n": that one is a good address. */
		assert_int_equal(locate(value, true, &at), strchr(wrong[i], '\\') ? 0 : -EPROTO);
	}
	assert_int_equal(locate("Bearer realm=\"http://127.0.0.1:5000/t\"", true, &at), 0);
	assert_int_equal(locate("Bearer realm=\"http://127.0.0.1:5000/t\"", false, &at), -EPROTO);
}

static int parse_token(const char *text, char **out)
{
	*out = NULL;
	return challenge_parse_token(test_tail(text, strlen(text)), strlen(text), out);
}

static void token_goes_into_a_header_or_nowhere(void **state)
{
	static const char *const wrong[] = {"",
	                                    "{}",
	                                    "[]",
	                                    "\"t\"",
	                                    "{\"token\":\"\"}",
	                                    "{\"token\":7}",
	                                    "{\"token\":\"a b\"}",
	                                    "{\"token\":\"a\\r\\nX: y\"}",
	                                    "{\"token\":\"\\u00e9\"}",
	                                    "{\"token\":\"a\"}x"};
	char *token, *text = malloc(HTTP_TOKEN_BYTES_MAX + 100);

	(void)state;
	assert_non_null(text);
	assert_int_equal(parse_token("{\"token\":\"a.b-c\",\"access_token\":\"d\"}", &token), 0);
	assert_string_equal(token, "a.b-c");
	free(token);
	assert_int_equal(parse_token("{\"access_token\":\"d\",\"expires_in\":300}", &token), 0);
	assert_string_equal(token, "d");
	free(token);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(parse_token(wrong[i], &token), -EBADMSG);
	for (int more = 0; more < 2; more++) {
		snprintf(text, HTTP_TOKEN_BYTES_MAX + 100, "{\"token\":\"%0*d\"}",
		         (int)HTTP_TOKEN_BYTES_MAX + more, 0);
		assert_int_equal(parse_token(text, &token), more ? -EBADMSG : 0);
		free(token);
	}
	free(text);
}

TEST_MAIN(cmocka_unit_test(bearer_says_where_and_for_what),
          cmocka_unit_test(token_is_preferred_to_a_password),
          cmocka_unit_test(what_is_no_challenge_is_none),
          cmocka_unit_test(long_values_are_refused_not_cut),
          cmocka_unit_test(token_is_asked_for_by_service_and_scope),
          cmocka_unit_test(token_is_not_fetched_in_the_clear),
          cmocka_unit_test(token_goes_into_a_header_or_nowhere))
