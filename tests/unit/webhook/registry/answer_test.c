#include "webhook/registry/answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "injector/base/err.h"
#include "tests/harness.h"
#include "webhook/registry/images.h"

#define A          "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B          "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define OCI        "application/vnd.oci.image."
#define DOCKER     "application/vnd.docker."
#define LIST       DOCKER "distribution.manifest.list.v2+json"
#define V2         DOCKER "distribution.manifest.v2+json"
#define OCI_CONFIG OCI "config.v1+json"
#define CONFIG     "{\"mediaType\":\"" OCI_CONFIG "\",\"size\":9,\"digest\":\"" A "\"}"
#define ENTRY(os, arch, digest)                                                                    \
	"{\"mediaType\":\"" OCI "manifest.v1+json\",\"digest\":\"" digest                          \
	"\",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\"}}"

static int parse(const char *type, const char *text, struct answer *out)
{
	struct err err = {0};
	int r = answer_parse_manifest(type, test_tail(text, strlen(text)), strlen(text), out, &err);

	assert_int_equal(err.code, -r);
	assert_int_equal(r < 0, err.text[0] != '\0');
	return r;
}

static void assert_manifest(const char *type, const char *text, enum answer_kind kind,
                            const char *digest)
{
	struct answer answer;

	if (parse(type, text, &answer) < 0)
		fail_msg("%s is refused", text);
	assert_int_equal(answer.kind, kind);
	assert_string_equal(answer.digest, digest);
}

static void manifest_names_its_configuration(void **state)
{
	(void)state;
	assert_manifest(OCI "manifest.v1+json",
	                "{\"schemaVersion\":2,\"mediaType\":\"" OCI
	                "manifest.v1+json\",\"config\":" CONFIG ",\"layers\":[]}",
	                ANSWER_MANIFEST, A);
	assert_manifest(V2 "; charset=utf-8",
	                "{\"schemaVersion\":2,\"mediaType\":\"" V2
	                "\",\"config\":{\"mediaType\":\"" DOCKER
	                "container.image.v1+json\",\"size\":1048576,\"digest\":\"" A "\"}}",
	                ANSWER_MANIFEST, A);
	/* Without a type, or with one that says nothing. */
	assert_manifest(NULL, "{\"config\":" CONFIG "}", ANSWER_MANIFEST, A);
	assert_manifest("text/plain", "{\"config\":" CONFIG "}", ANSWER_MANIFEST, A);
	assert_manifest("", "{\"config\":" CONFIG "}", ANSWER_MANIFEST, A);
}

static void index_leads_to_linux_amd64(void **state)
{
	(void)state;
	assert_manifest(
	        LIST,
	        "{\"mediaType\":\"" LIST "\",\"manifests\":[" ENTRY("linux", "arm64", A) "," ENTRY(
	                "windows", "amd64", A) "," ENTRY("linux", "amd64",
	                                                 B) "," ENTRY("linux", "amd64", A) "]}",
	        ANSWER_INDEX, B);
	assert_manifest(NULL,
	                "{\"manifests\":[" ENTRY("linux", "amd64\",\"variant\":\"v3", A) "," ENTRY(
	                        "linux", "amd64\",\"variant\":\"v1", B) "]}",
	                ANSWER_INDEX, B);
	/* One that does not say for whom it is counts when no other does. */
	assert_manifest(NULL,
	                "{\"manifests\":[{\"digest\":\"" A "\"}," ENTRY("linux", "amd64", B) "]}",
	                ANSWER_INDEX, B);
	assert_manifest(NULL,
	                "{\"manifests\":[" ENTRY("linux", "arm64", A) ",{\"digest\":\"" B "\"}]}",
	                ANSWER_INDEX, B);
}

static void image_for_another_platform_is_not_supported(void **state)
{
	static const char *const texts[] = {
	        "{\"manifests\":[]}",
	        "{\"manifests\":[" ENTRY("linux", "arm64", A) "]}",
	        "{\"manifests\":[" ENTRY("unknown", "unknown", A) "]}",
	        "{\"manifests\":[" ENTRY("linux", "amd64\",\"variant\":\"v2", A) "]}",
	        /* An index in an index is none of an image. */
	        "{\"manifests\":[{\"mediaType\":\"" OCI "index.v1+json\",\"digest\":\"" A
	        "\",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}}]}",
	        "{\"schemaVersion\":1,\"name\":\"x\",\"fsLayers\":[]}",
	        "{\"mediaType\":\"application/"
	        "vnd.oci.artifact.manifest.v1+json\",\"config\":" CONFIG "}",
	        "{\"config\":{\"mediaType\":\"application/"
	        "vnd.cncf.helm.config.v1+json\",\"digest\":\"" A "\"}}",
	        "{\"config\":{\"digest\":\"" A "\"}}",
	};
	struct answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(parse(NULL, texts[i], &answer), -ENOTSUP);
}

static void doubtful_manifest_is_refused(void **state)
{
	static const char *const texts[] = {
	        "",
	        "null",
	        "[]",
	        "{}",
	        "{\"manifests\":{}}",
	        "{\"manifests\":[1]}",
	        "{\"manifests\":[null,\"x\"]}",
	        "{\"manifests\":[{}]}",
	        "{\"manifests\":[{\"digest\":\"sha256:12\"}]}",
	        "{\"manifests\":[{\"digest\":\"" A "/../..\"}]}",
	        "{\"manifests\":[{\"digest\":\"" A "\",\"platform\":[]}]}",
	        "{\"config\":[]}",
	        "{\"config\":\"x\"}",
	        "{\"config\":{\"mediaType\":\"" OCI_CONFIG "\"}}",
	        "{\"config\":{\"mediaType\":\"" OCI_CONFIG "\",\"digest\":7}}",
	        "{\"config\":{\"mediaType\":\"" OCI_CONFIG "\",\"digest\":\"" A "\\u0000\"}}",
	        "{\"config\":" CONFIG "}x",
	        "{\"config\":" CONFIG ",\"manifests\":[]}",
	        "{\"config\":" CONFIG ",\"Manifests\":[]}",
	        "{\"Config\":" CONFIG "}",
	        "{\"mediaType\":\"" LIST "\",\"config\":" CONFIG "}",
	        "{\"mediaType\":\"" V2 "\",\"manifests\":[" ENTRY("linux", "amd64", A) "]}",
	};
	struct answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (parse(NULL, texts[i], &answer) != -EBADMSG)
			fail_msg("%s is taken", texts[i]);
	assert_int_equal(parse(LIST, "{\"config\":" CONFIG "}", &answer), -EBADMSG);
	assert_int_equal(parse(V2, "{\"manifests\":[" ENTRY("linux", "amd64", A) "]}", &answer),
	                 -EBADMSG);
	assert_int_equal(parse(NULL,
	                       "{\"config\":{\"mediaType\":\"" OCI_CONFIG
	                       "\",\"size\":1048577,\"digest\":\"" A "\"}}",
	                       &answer),
	                 -EFBIG);
}

static void depth_and_size_are_bounded(void **state)
{
	char *text = malloc(ANSWER_MANIFEST_BYTES_MAX + 64);
	struct answer answer;
	struct err err = {0};
	int len = snprintf(text, 64, "{\"x\":");

	(void)state;
	assert_non_null(text);
	memset(text + len, '[', 10000);
	text[len + 10000] = '\0';
	assert_int_equal(parse(NULL, text, &answer), -EBADMSG);
	memset(text, ' ', ANSWER_MANIFEST_BYTES_MAX + 64);
	len = snprintf(text, 400, "{\"config\":" CONFIG "}");
	text[len] = ' ';
	assert_int_equal(
	        answer_parse_manifest(NULL, text, ANSWER_MANIFEST_BYTES_MAX, &answer, &err), 0);
	assert_int_equal(
	        answer_parse_manifest(NULL, text, ANSWER_MANIFEST_BYTES_MAX + 1, &answer, &err),
	        -EBADMSG);
	free(text);
}

static int parse_config(const char *text, struct images_config *out)
{
	struct err err = {0};
	int r = answer_parse_config(test_tail(text, strlen(text)), strlen(text), out, &err);

	assert_int_equal(err.code, -r);
	if (r < 0) {
		assert_null(out->entrypoint);
		assert_null(out->cmd);
		assert_null(out->ld_preload);
	}
	return r;
}

#define OURS "\"os\":\"linux\",\"architecture\":\"amd64\""

static void configuration_says_what_is_started(void **state)
{
	struct images_config config;

	(void)state;
	assert_int_equal(
	        parse_config("{" OURS
	                     ",\"config\":{\"Entrypoint\":[\"/a\",\"b c\",\"\"],\"Cmd\":[\"d\"],"
	                     "\"Env\":[\"PATH=/bin\",\"LD_PRELOAD=/x.so\",\"LD_PRELOADED=1\","
	                     "\"LD_PRELOAD=/y.so:/z.so\"],\"User\":\"1\"},\"rootfs\":{}}",
	                     &config),
	        0);
	assert_string_equal(config.entrypoint[0], "/a");
	assert_string_equal(config.entrypoint[1], "b c");
	assert_string_equal(config.entrypoint[2], "");
	assert_null(config.entrypoint[3]);
	assert_string_equal(config.cmd[0], "d");
	assert_null(config.cmd[1]);
	assert_string_equal(config.ld_preload, "/y.so:/z.so");
	images_config_done(&config);
	images_config_done(&config);
	/* Nothing is an answer too. */
	assert_int_equal(parse_config("{" OURS "}", &config), 0);
	assert_null(config.entrypoint);
	assert_int_equal(parse_config("{" OURS ",\"config\":null}", &config), 0);
	assert_int_equal(parse_config("{" OURS
	                              ",\"config\":{\"Entrypoint\":null,\"Cmd\":[],\"Env\":null}}",
	                              &config),
	                 0);
	assert_null(config.entrypoint);
	assert_null(config.cmd);
	assert_null(config.ld_preload);
}

static void doubtful_configuration_is_refused(void **state)
{
	static const char *const texts[] = {
	        "",
	        "[]",
	        "{" OURS ",\"config\":[]}",
	        "{" OURS ",\"config\":{\"Entrypoint\":\"/a\"}}",
	        "{" OURS ",\"config\":{\"Entrypoint\":[1]}}",
	        "{" OURS ",\"config\":{\"Entrypoint\":[null]}}",
	        "{" OURS ",\"config\":{\"Entrypoint\":[\"a\\u0000b\"]}}",
	        "{" OURS ",\"config\":{\"entrypoint\":[\"/a\"]}}",
	        "{" OURS ",\"config\":{\"Entrypoint\":[\"/a\"],\"ENTRYPOINT\":[\"/b\"]}}",
	        "{" OURS ",\"config\":{\"Cmd\":{}}}",
	        "{" OURS ",\"config\":{\"Env\":\"LD_PRELOAD=x\"}}",
	        "{" OURS ",\"Config\":{}}",
	        "{\"OS\":\"linux\",\"architecture\":\"amd64\"}",
	};
	struct images_config config;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (parse_config(texts[i], &config) != -EBADMSG)
			fail_msg("%s is taken", texts[i]);
	assert_int_equal(parse_config("{}", &config), -ENOTSUP);
	assert_int_equal(parse_config("{\"os\":\"linux\",\"architecture\":\"arm64\"}", &config),
	                 -ENOTSUP);
	assert_int_equal(parse_config("{\"os\":\"windows\",\"architecture\":\"amd64\"}", &config),
	                 -ENOTSUP);
}

/* JSON of a configuration with `count` strings of `len` bytes as its Entrypoint. */
static char *many(size_t count, size_t len)
{
	char *text = malloc(count * (len + 3) + 200), *at = text;

	assert_non_null(text);
	at += snprintf(at, 100, "{" OURS ",\"config\":{\"Cmd\":[\"last\"],\"Entrypoint\":[");
	for (size_t i = 0; i < count; i++) {
		*at++ = '"';
		memset(at, 'x', len);
		at += len;
		*at++ = '"';
		*at++ = ',';
	}
	memcpy(at - 1, "]}}", 4);
	return text;
}

static void what_is_kept_is_bounded(void **state)
{
	static const struct {
		size_t count, len;
		int r;
	} cases[] = {{1, ANSWER_STRING_BYTES_MAX - 7, 0},
	             {1, ANSWER_STRING_BYTES_MAX - 5, -EFBIG},
	             {1, ANSWER_STRING_BYTES_MAX, -EFBIG},
	             {ANSWER_STRINGS_MAX - 1, 1, 0},
	             {ANSWER_STRINGS_MAX, 1, -EFBIG},
	             {ANSWER_STRINGS_MAX + 1, 1, -EFBIG},
	             {100000, 1, -EFBIG}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text = many(cases[i].count, cases[i].len);
		struct images_config config;

		assert_int_equal(parse_config(text, &config), cases[i].r);
		images_config_done(&config);
		free(text);
	}
}

static void every_prefix_is_refused(void **state)
{
	static const char manifest[] =
	        "{\"mediaType\":\"" LIST "\",\"manifests\":[" ENTRY("linux", "amd64", B) "]}";
	static const char config[] =
	        "{" OURS ",\"config\":{\"Entrypoint\":[\"/a\"],\"Cmd\":[\"b\"],"
	        "\"Env\":[\"LD_PRELOAD=c\"]}}";
	struct images_config out;
	struct answer answer;
	struct err err;

	(void)state;
	for (size_t len = 0; len < sizeof(manifest) - 1; len++)
		assert_int_equal(
		        answer_parse_manifest(NULL, test_tail(manifest, len), len, &answer, &err),
		        -EBADMSG);
	for (size_t len = 0; len < sizeof(config) - 1; len++)
		assert_int_equal(answer_parse_config(test_tail(config, len), len, &out, &err),
		                 -EBADMSG);
}

static void error_of_a_registry_is_put_in_words(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
	        {"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\"},{\"code\":\"X\"}]}",
	         "DENIED: no"},
	        {"{\"errors\":[{\"message\":\"no\"}]}", "no"},
	        {"{\"errors\":[{\"code\":\"DENIED\"}]}", "DENIED"},
	        {"{\"details\":\"incorrect username or password\"}",
	         "incorrect username or password"},
	        {"{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}",
	         "AccessDeniedException: no"},
	        {"{\"errors\":[]}", ""},
	        {"{\"errors\":7}", ""},
	        {"<html>", ""},
	        {"", ""},
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		answer_format_error(cases[i].text, strlen(cases[i].text), out, sizeof(out));
		assert_string_equal(out, cases[i].words);
	}
	answer_format_error(cases[0].text, strlen(cases[0].text), out, 4);
	assert_string_equal(out, "DEN");
}

TEST_MAIN(cmocka_unit_test(manifest_names_its_configuration),
          cmocka_unit_test(index_leads_to_linux_amd64),
          cmocka_unit_test(image_for_another_platform_is_not_supported),
          cmocka_unit_test(doubtful_manifest_is_refused),
          cmocka_unit_test(depth_and_size_are_bounded),
          cmocka_unit_test(configuration_says_what_is_started),
          cmocka_unit_test(doubtful_configuration_is_refused),
          cmocka_unit_test(what_is_kept_is_bounded), cmocka_unit_test(every_prefix_is_refused),
          cmocka_unit_test(error_of_a_registry_is_put_in_words))
