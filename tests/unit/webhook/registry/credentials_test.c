#include "webhook/registry/credentials.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "injector/base/err.h"
#include "tests/harness.h"
#include "webhook/registry/images.h"
#include "webhook/registry/reference.h"

/* Add the secrets up to NULL; each begins with '{' and is a .dockerconfigjson, or with "cfg{". */
static void add(struct credentials *credentials, const char *image, const char *const *texts)
{
	struct reference reference;
	struct err err = {0};

	assert_int_equal(reference_parse(image, &reference, &err), 0);
	for (; *texts; texts++) {
		bool is_cfg = strncmp(*texts, "cfg", 3) == 0;
		const char *text = *texts + (is_cfg ? 3 : 0);
		struct images_credential secret = {is_cfg ? IMAGES_DOCKERCFG
		                                          : IMAGES_DOCKERCONFIGJSON,
		                                   test_tail(text, strlen(text)), strlen(text)};

		assert_int_equal(credentials_add(credentials, &secret, &reference), 0);
	}
}

/* The users in the order to try, "a b c"; the note where it is asked for. */
static const char *users(const char *image, const char *const *texts, char *out_note)
{
	static char out[4096];
	struct credentials credentials = {0};
	const struct credential *sorted[CREDENTIALS_MAX];
	size_t count, used = 0;

	add(&credentials, image, texts);
	count = credentials_sort(&credentials, sorted);
	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(out + used, sizeof(out) - used, "%s%s", i ? " " : "",
		                         sorted[i]->user);
	if (out_note)
		snprintf(out_note, sizeof(credentials.note), "%s", credentials.note);
	credentials_done(&credentials);
	credentials_done(&credentials);
	return out;
}

#define PAIR(user) "{\"username\":\"" user "\",\"password\":\"p\"}"

static void keys_fit_as_the_kubelet_has_it(void **state)
{
	static const struct {
		const char *key, *image;
		bool fits;
	} cases[] = {
	        {"quay.io", "quay.io/a/b", true},
	        {"https://quay.io", "quay.io/a/b", true},
	        {"http://quay.io/", "quay.io/a", true},
	        {"https://quay.io/v2/", "quay.io/a", true},
	        {"https://quay.io/v1/a", "quay.io/a/b", true},
	        {"https://quay.io/v1/c", "quay.io/a/b", false},
	        {"quay.io/a", "quay.io/a/b", true},
	        {"quay.io/a/b", "quay.io/a/b", true},
	        {"quay.io/a/b/c", "quay.io/a/b", false},
	        {"quay.io/b", "quay.io/a/b", false},
	        {"quay.io/a", "quay.io/ab/c", true}, /* a prefix, no folder */
	        {"quay.io", "notquay.io/a", false},
	        {"io", "quay.io/a", false},
	        {"quay.io:443", "quay.io/a", false},
	        {"quay.io", "quay.io:443/a", false},
	        {"registry:5000", "registry:5000/a", true},
	        {"registry:5000", "registry:5001/a", false},
	        {"*.example.com", "a.example.com/x", true},
	        {"*.example.com", "example.com/x", false},
	        {"*.example.com", "a.b.example.com/x", false},
	        {"*.*.example.com", "a.b.example.com/x", true},
	        {"*.example.com:5000", "a.example.com:5000/x", true},
	        {"*:5000", "registry:5000/x", true},
	        {"*", "quay.io/x", false},
	        {"*.io", "quay.io/x", true},
	        {"*.*", "127.0.0.1:5000/x", false},
	        {"123456789012.dkr.ecr.*.amazonaws.com",
	         "123456789012.dkr.ecr.eu-west-1.amazonaws.com/x", true},
	        {"docker.io", "nginx", true},
	        {"docker.io/library", "nginx", true},
	        {"docker.io/grafana", "nginx", false},
	        {"https://index.docker.io/v1/", "nginx", true},
	        {"index.docker.io", "grafana/grafana", true},
	        {"https://index.docker.io/v1/", "quay.io/x", false},
	        {"", "nginx", false},
	        {"/", "nginx", false},
	};
	char text[300];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *texts[] = {text, NULL};
		bool fits;

		snprintf(text, sizeof(text), "{\"auths\":{\"%s\":" PAIR("u") "}}", cases[i].key);
		fits = strcmp(users(cases[i].image, texts, NULL), "u") == 0;
		if (fits != cases[i].fits)
			fail_msg("%s for %s", cases[i].key, cases[i].image);
	}
}

static void all_that_fit_are_tried_the_longest_first(void **state)
{
	const char *const texts[] = {
	        "{\"auths\":{\"quay.io\":" PAIR("host") ",\"quay.io/a/b\":" PAIR(
	                "image") ",\"*.io\":" PAIR("glob") "}}",
	        "{\"auths\":{\"quay.io/a\":" PAIR("folder") ",\"other\":" PAIR("other") "}}",
	        "{\"auths\":{\"quay.io\":" PAIR("second") "}}", NULL};

	(void)state;
	assert_string_equal(users("quay.io/a/b:1", texts, NULL), "image folder host second glob");
	assert_string_equal(users("quay.io/c", texts, NULL), "host second glob");
	assert_string_equal(users("docker.io/c", texts, NULL), "glob");
}

static void same_pair_is_tried_once(void **state)
{
	const char *const texts[] = {"{\"auths\":{\"quay.io\":" PAIR("u") "}}",
	                             "{\"auths\":{\"https://quay.io/v2/\":" PAIR("u") "}}",
	                             "{\"auths\":{\"quay.io\":" PAIR("v") "}}", NULL};

	(void)state;
	assert_string_equal(users("quay.io/a", texts, NULL), "u v");
}

static void dockers_own_key_counts_where_nothing_else_fits(void **state)
{
	const char *const both[] = {"{\"auths\":{\"https://index.docker.io/v1/\":" PAIR(
	                                    "index") ",\"docker.io\":" PAIR("name") "}}",
	                            NULL};
	const char *const twice[] = {"{\"auths\":{\"https://index.docker.io/v1/\":" PAIR("a") "}}",
	                             "{\"auths\":{\"index.docker.io\":" PAIR("b") "}}", NULL};

	(void)state;
	assert_string_equal(users("nginx", both, NULL), "name");
	assert_string_equal(users("nginx", twice, NULL), "a b");
}

static void older_form_has_no_frame(void **state)
{
	const char *const texts[] = {"cfg{\"quay.io\":" PAIR("u") "}", NULL};
	const char *const wrong[] = {"cfg{\"auths\":{\"quay.io\":" PAIR("u") "}}",
	                             "{\"quay.io\":" PAIR("u") "}", NULL};

	(void)state;
	assert_string_equal(users("quay.io/a", texts, NULL), "u");
	assert_string_equal(users("quay.io/a", wrong, NULL), "");
}

static void auth_is_base64_of_both(void **state)
{
	static const struct {
		const char *auth, *user, *password;
	} cases[] = {
	        {"dXNlcjpwYXNz", "user", "pass"},
	        {"dTpw", "u", "p"},
	        {"dXM6cA==", "us", "p"},
	        {"dXM6cA", "us", "p"},          /* without padding */
	        {"dXNlOnA6cQ==", "use", "p:q"}, /* the first colon */
	        {"dTo=", "u", ""},
	        {"dTpwAAAA", "u", "p"}, /* NULs behind it */
	        {"dXNlcjpwYXNz\\n", "user", "pass"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct credentials credentials = {0};
		char text[200];
		const char *texts[] = {text, NULL};

		/* It wins over what stands beside it, as with the kubelet. */
		snprintf(text, sizeof(text),
		         "{\"auths\":{\"quay.io\":{\"auth\":\"%s\",\"username\":\"x\","
		         "\"password\":\"y\",\"identitytoken\":\"z\"}}}",
		         cases[i].auth);
		add(&credentials, "quay.io/a", texts);
		assert_int_equal(credentials.count, 1);
		assert_string_equal(credentials.list[0].user, cases[i].user);
		assert_string_equal(credentials.list[0].password, cases[i].password);
		assert_string_equal(credentials.note, "");
		credentials_done(&credentials);
	}
}

static void what_is_passed_over_is_said(void **state)
{
	static const struct {
		const char *text, *note;
	} cases[] = {
	        {"{\"auths\":{\"quay.io\":{\"identitytoken\":\"t\"}}}",
	         "quay.io: only an identitytoken, which is not used"},
	        {"{\"auths\":{\"quay.io\":{\"registrytoken\":\"t\"}}}",
	         "quay.io: only a registrytoken, which is not used"},
	        {"{\"auths\":{\"quay.io\":{\"auth\":\"%%\"}}}",
	         "quay.io: its auth is no base64 of user:password"},
	        {"{\"auths\":{\"quay.io\":{\"auth\":\"dXNlcg==\"}}}",
	         "quay.io: its auth is no base64 of user:password"},
	        {"{\"auths\":{\"quay.io\":{\"auth\":\"OnA=\"}}}",
	         "quay.io: its auth is no base64 of user:password"},
	        {"{\"auths\":{\"quay.io\":{\"auth\":\"dQBiOnA=\"}}}",
	         "quay.io: its auth is no base64 of user:password"},
	        {"{\"auths\":{\"quay.io\":{}}}", "quay.io: neither auth nor username and password"},
	        {"{\"auths\":{\"quay.io\":{\"username\":\"u\"}}}",
	         "quay.io: neither auth nor username and password"},
	        {"{\"auths\":{\"quay.io\":7}}", "quay.io: no object"},
	        {"{\"auths\":[]}", "a pull secret: no registries in it"},
	        {"{\"credsStore\":\"ecr-login\"}", "a pull secret: no registries in it"},
	        {"", "a pull secret: no registries in it"},
	        {"{", "a pull secret: no registries in it"},
	        {"{\"auths\":{\"other\":{\"identitytoken\":\"t\"}}}",
	         ""}, /* none of our business */
	};
	char note[200];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *texts[] = {cases[i].text, "{\"auths\":{\"quay.io\":" PAIR("u") "}}",
		                       NULL};

		assert_string_equal(users("quay.io/a", texts, note), "u");
		assert_string_equal(note, cases[i].note);
	}
}

static void number_and_length_are_bounded(void **state)
{
	const size_t room = 80000;
	char *text = malloc(room), *at = text;
	const char *texts[] = {text, NULL};
	char note[200], image[256];

	(void)state;
	assert_non_null(text);
	snprintf(image, sizeof(image), "quay.io/%0200d", 0);
	at += snprintf(at, 100, "{\"auths\":{");
	for (int i = 1; i <= 200; i++)
		at += snprintf(at, 300, "%s\"quay.io/%0*d\":" PAIR("u%d"), i > 1 ? "," : "", i, 0,
		               i);
	memcpy(at, "}}", 3);
	users(image, texts, note);
	assert_string_equal(strchr(note, ':'), ": too many entries");
	snprintf(text, room, "{\"auths\":{\"quay.io\":{\"username\":\"u\",\"password\":\"%0*d\"}}}",
	         (int)CREDENTIALS_PAIR_MAX - 1, 0);
	assert_string_equal(users("quay.io/a", texts, note), "u");
	snprintf(text, room, "{\"auths\":{\"quay.io\":{\"username\":\"u\",\"password\":\"%0*d\"}}}",
	         (int)CREDENTIALS_PAIR_MAX, 0);
	assert_string_equal(users("quay.io/a", texts, note), "");
	assert_string_equal(note, "quay.io: too long");
	free(text);
}

static void basic_is_base64_of_both(void **state)
{
	char *basic = credentials_format_basic("user", "pass");

	(void)state;
	assert_string_equal(basic, "dXNlcjpwYXNz");
	free(basic);
}

TEST_MAIN(cmocka_unit_test(keys_fit_as_the_kubelet_has_it),
          cmocka_unit_test(all_that_fit_are_tried_the_longest_first),
          cmocka_unit_test(same_pair_is_tried_once),
          cmocka_unit_test(dockers_own_key_counts_where_nothing_else_fits),
          cmocka_unit_test(older_form_has_no_frame), cmocka_unit_test(auth_is_base64_of_both),
          cmocka_unit_test(what_is_passed_over_is_said),
          cmocka_unit_test(number_and_length_are_bounded),
          cmocka_unit_test(basic_is_base64_of_both))
