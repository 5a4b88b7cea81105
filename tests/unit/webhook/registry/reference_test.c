#include "webhook/registry/reference.h"

#include <errno.h>
#include <stdio.h>

#include "injector/base/err.h"
#include "tests/harness.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int parse(const char *text, struct reference *out)
{
	struct err err = {0};
	int r = reference_parse(test_tail(text, strlen(text) + 1), out, &err);

	assert_int_equal(err.code, -r);
	return r;
}

static void assert_whole(const char *text, const char *whole)
{
	struct reference reference, again;
	char out[REFERENCE_TEXT_MAX];

	if (parse(text, &reference) < 0)
		fail_msg("%s is refused", text);
	reference_format(&reference, out);
	assert_string_equal(out, whole);
	/* What is said in full is the same again. */
	assert_int_equal(parse(out, &again), 0);
	assert_string_equal(again.repository, reference.repository);
	assert_string_equal(again.host, reference.host);
}

static void what_is_left_out_is_as_the_runtime_has_it(void **state)
{
	(void)state;
	assert_whole("nginx", "docker.io/library/nginx:latest");
	assert_whole("nginx:1.25", "docker.io/library/nginx:1.25");
	assert_whole("grafana/grafana", "docker.io/grafana/grafana:latest");
	assert_whole("docker.io/nginx", "docker.io/library/nginx:latest");
	assert_whole("index.docker.io/nginx", "docker.io/library/nginx:latest");
	assert_whole("docker.io/library/nginx", "docker.io/library/nginx:latest");
	assert_whole("nginx@" DIGEST, "docker.io/library/nginx@" DIGEST);
	assert_whole("nginx:1@" DIGEST, "docker.io/library/nginx:1@" DIGEST);
	assert_whole("a/b/c/d", "docker.io/a/b/c/d:latest");
}

static void host_is_what_cannot_be_a_path(void **state)
{
	(void)state;
	assert_whole("localhost/x", "localhost/x:latest");
	assert_whole("localhost:5000/x:y", "localhost:5000/x:y");
	assert_whole("registry:5000/x", "registry:5000/x:latest");
	assert_whole("Registry/x", "Registry/x:latest");
	assert_whole("quay.io/a/b:v1.2-rc_3", "quay.io/a/b:v1.2-rc_3");
	assert_whole("127.0.0.1:5000/x", "127.0.0.1:5000/x:latest");
	assert_whole("[::1]:5000/x", "[::1]:5000/x:latest");
	assert_whole("[fe80::1]/x:t", "[fe80::1]/x:t");
	assert_whole("123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web:1",
	             "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web:1");
	assert_whole("a_b/c", "docker.io/a_b/c:latest");
}

static void separators_stand_between_words(void **state)
{
	(void)state;
	assert_whole("x/a.b_c__d-e---f/g", "docker.io/x/a.b_c__d-e---f/g:latest");
}

static void what_is_no_reference_is_refused(void **state)
{
	static const char *const wrong[] = {
	        "",
	        "/",
	        "/x",
	        "x/",
	        "x//y",
	        "quay.io/",
	        "X",
	        "quay.io/X",
	        "x:",
	        "x:-a",
	        "x:a b",
	        ":a",
	        "x@",
	        "x@sha256:12",
	        "x@sha512:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	        "x@" DIGEST "0",
	        "x@" DIGEST "@" DIGEST,
	        "x@sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
	        "../x",
	        "quay.io/../x",
	        "quay.io/a/./b",
	        "quay.io/a?b",
	        "quay.io/a#b",
	        "quay.io/a%2fb",
	        "quay.io/a\r\nHost: b",
	        "http://quay.io/a",
	        "user@quay.io/a",
	        "user:pass@quay.io/a",
	        "-quay.io/a",
	        "quay-.io/a",
	        "quay..io/a",
	        "quay.io./a",
	        "quay.io:/a",
	        "quay.io:0/a",
	        "quay.io:65536/a",
	        "quay.io:x/a",
	        "[::1/a",
	        "[]:5000/a",
	        "[x]:5000/a",
	        ".quay.io/a",
	        "quay.io/a_",
	        "quay.io/_a",
	        "quay.io/a___b",
	        "quay.io/a..b",
	        "quay.io/a.-b",
	        "quay.io/a_-b",
	        "quay.io/a-",
	        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	        "\xc3\xa9/x",
	};
	struct reference reference;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (parse(wrong[i], &reference) != -EINVAL)
			fail_msg("\"%s\" is taken", wrong[i]);
}

static void lengths_are_bounded(void **state)
{
	struct reference reference;
	char text[2000];

	(void)state;
	for (int len = 1; len < 1500; len++) {
		snprintf(text, sizeof(text), "a.b/%0*d", len, 0);
		assert_int_equal(parse(text, &reference) == 0, 3 + len < 256);
		snprintf(text, sizeof(text), "a.b/c:%0*d", len, 0);
		assert_int_equal(parse(text, &reference) == 0, len <= 128);
		snprintf(text, sizeof(text), "%0*d.b/c", len, 0);
		assert_int_equal(parse(text, &reference) == 0, len + 2 + 1 < 256);
	}
}

static void manifest_is_asked_for_by_the_digest_where_there_is_one(void **state)
{
	struct reference reference;

	(void)state;
	assert_int_equal(parse("x:1@" DIGEST, &reference), 0);
	assert_string_equal(reference_version(&reference), DIGEST);
	assert_int_equal(parse("x:1", &reference), 0);
	assert_string_equal(reference_version(&reference), "1");
	assert_string_equal(reference.digest, "");
	assert_int_equal(parse("x@" DIGEST, &reference), 0);
	assert_string_equal(reference.tag, "");
}

static void every_prefix_is_read_or_refused_whole(void **state)
{
	static const char text[] = "registry.example:5000/a__b/c-d:v1@" DIGEST;
	struct reference reference;
	char part[sizeof(text)];

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		memcpy(part, text, len);
		part[len] = '\0';
		parse(part, &reference);
	}
	assert_int_equal(parse(text, &reference), 0);
}

TEST_MAIN(cmocka_unit_test(what_is_left_out_is_as_the_runtime_has_it),
          cmocka_unit_test(host_is_what_cannot_be_a_path),
          cmocka_unit_test(separators_stand_between_words),
          cmocka_unit_test(what_is_no_reference_is_refused), cmocka_unit_test(lengths_are_bounded),
          cmocka_unit_test(manifest_is_asked_for_by_the_digest_where_there_is_one),
          cmocka_unit_test(every_prefix_is_read_or_refused_whole))
