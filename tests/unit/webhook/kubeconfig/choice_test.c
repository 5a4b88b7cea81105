#include "webhook/kubeconfig/choice.h"

#include <errno.h>
#include <stdio.h>

#include "injector/base/err.h"
#include "tests/harness.h"

#define CLUSTER    "clusters: [{name: c, cluster: {server: \"https://h\"}}]\n"
#define CONTEXT    "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n"
#define USER(what) CLUSTER CONTEXT "users:\n- name: u\n  user: {" what "}\n"
#define EXEC(what) USER("exec: {apiVersion: client.authentication.k8s.io/v1, command: aws" what "}")

struct made {
	struct files files;
	struct choice choice;
	struct err err;
};

/* Choose from up to two files, "/d/a" and "/e/b". */
static int make(struct made *made, const char *first, const char *second, const char *context)
{
	static const char *const names[] = {"/d/a", "/e/b"};
	const char *const texts[] = {first, second};
	int r = 0;

	*made = (struct made){0};
	for (size_t i = 0; i < 2 && texts[i] && r == 0; i++)
		r = files_add_bytes(&made->files, names[i], test_tail(texts[i], strlen(texts[i])),
		                    strlen(texts[i]), &made->err);
	if (r == 0)
		r = choice_make(&made->choice, &made->files, context, &made->err);
	assert_int_equal(made->err.code, -r);
	return r;
}

static void done(struct made *made)
{
	choice_done(&made->choice);
	files_done(&made->files);
}

static void assert_refused(const char *text, const char *says)
{
	struct made made;

	assert_true(make(&made, text, NULL, NULL) < 0);
	if (!strstr(made.err.text, says))
		fail_msg("\"%s\" does not say \"%s\"", made.err.text, says);
	done(&made);
}

static void takes(struct made *made, const char *text)
{
	if (make(made, text, NULL, NULL) < 0)
		fail_msg("%s", made->err.text);
}

static void everything_of_a_context_is_read(void **state)
{
	struct made made;

	(void)state;
	takes(&made, "apiVersion: v1\nkind: Config\npreferences: {}\nfuture: [1]\n"
	             "clusters:\n- name: c\n  cluster:\n    server: https://h:1/p\n"
	             "    tls-server-name: name\n    certificate-authority-data: QQ==\n"
	             "    certificate-authority: ca.pem\n    disable-compression: true\n"
	             "contexts: [{name: x, context: {cluster: c, user: u, namespace: shop}}]\n"
	             "current-context: x\nusers:\n- name: u\n  user:\n"
	             "    client-certificate: sub/c.pem\n    client-key: /k.pem\n"
	             "    token: t\n    tokenFile: ../token\n    future: 1\n");
	assert_string_equal(made.choice.server, "https://h:1/p");
	assert_string_equal(made.choice.server_name, "name");
	assert_int_equal(made.choice.ca.bytes.len, 1);
	assert_null(made.choice.ca.path); /* the data wins */
	assert_string_equal(made.choice.namespace, "shop");
	assert_string_equal(made.choice.cert.path, "/d/sub/c.pem");
	assert_string_equal(made.choice.key.path, "/k.pem");
	assert_string_equal(made.choice.token, "t");
	assert_string_equal(made.choice.token_path, "/d/../token");
	assert_false(made.choice.is_insecure);
	assert_false(made.choice.has_plugin);
	done(&made);
	takes(&made, "clusters: [{name: c, cluster: {server: s, insecure-skip-tls-verify: true}}]\n"
	             "contexts: [{name: x, context: {cluster: c}}]\ncurrent-context: x\n");
	assert_true(made.choice.is_insecure);
	done(&made);
}

static void json_is_read_as_well(void **state)
{
	struct made made;

	(void)state;
	takes(&made,
	      "{\"kind\":\"Config\",\"current-context\":\"x\",\"contexts\":[{\"name\":\"x\","
	      "\"context\":{\"cluster\":\"c\",\"user\":\"u\"}}],\"clusters\":[{\"name\":\"c\","
	      "\"cluster\":{\"server\":\"https:\\/\\/h\"}}],\"users\":[{\"name\":\"u\","
	      "\"user\":{\"username\":\"jane\",\"password\":\"\\ud83d\\ude00\"}}]}");
	assert_string_equal(made.choice.server, "https://h");
	assert_string_equal(made.choice.username, "jane");
	assert_string_equal(made.choice.password, "\xf0\x9f\x98\x80");
	done(&made);
}

static void first_file_that_has_a_name_counts_whole(void **state)
{
	struct made made;

	(void)state;
	assert_int_equal(make(&made,
	                      "current-context: x\nusers: [{name: u, user: {token: first}}]\n"
	                      "contexts: [{name: x, context: {cluster: c, user: u}}]\n",
	                      "current-context: other\n"
	                      "users: [{name: u, user: {token: second, tokenFile: t}}]\n"
	                      "clusters: [{name: c, cluster: {server: https://h,"
	                      " certificate-authority: ca}}]\n",
	                      NULL),
	                 0);
	assert_string_equal(made.choice.context, "x");
	assert_string_equal(made.choice.token, "first");
	assert_null(made.choice.token_path);
	assert_string_equal(made.choice.ca.path, "/e/ca"); /* relative to its own file */
	done(&made);
}

static void context_is_the_one_asked_for(void **state)
{
	static const char two[] = "contexts: [{name: a, context: {cluster: c}}, {name: b, context: "
	                          "{cluster: c, namespace: ns}}]\n" CLUSTER;
	struct made made;

	(void)state;
	assert_int_equal(make(&made, two, NULL, "b"), 0);
	assert_string_equal(made.choice.namespace, "ns");
	done(&made);
	assert_int_equal(make(&made, two, NULL, NULL), -ENOENT);
	assert_string_equal(made.err.text,
	                    "/d/a: no current-context; choose with --context one of: a, b");
	done(&made);
	assert_int_equal(make(&made, two, NULL, "z"), -ENOENT);
	assert_string_equal(made.err.text, "/d/a: no context \"z\"; there are: a, b");
	done(&made);
	assert_refused("kind: Config\n", "/d/a: no context in it");
	assert_refused("current-context: z\n" CLUSTER, "no context in it");
}

static void exec_plugin_is_read(void **state)
{
	struct made made;

	(void)state;
	takes(&made,
	      EXEC(", args: [eks, get-token, \"\"], env: [{name: A, value: b}, {name: C}], "
	           "installHint: \"get it\", interactiveMode: Never, provideClusterInfo: true"));
	assert_true(made.choice.has_plugin);
	assert_string_equal(made.choice.plugin.args[0], "aws");
	assert_string_equal(made.choice.plugin.args[2], "get-token");
	assert_string_equal(made.choice.plugin.args[3], "");
	assert_null(made.choice.plugin.args[4]);
	assert_string_equal(made.choice.plugin.env[0], "A=b");
	assert_string_equal(made.choice.plugin.env[1], "C=");
	assert_null(made.choice.plugin.env[2]);
	assert_string_equal(made.choice.plugin.hint, "get it");
	assert_int_equal(made.choice.plugin.mode, PLUGIN_NEVER);
	assert_true(made.choice.plugin.tells_cluster);
	done(&made);
	takes(&made, USER("exec: {apiVersion: client.authentication.k8s.io/v1beta1, args: null, "
	                  "command: ./bin/x, env: null}"));
	assert_string_equal(made.choice.plugin.args[0], "/d/./bin/x");
	assert_int_equal(made.choice.plugin.mode, PLUGIN_IF_AVAILABLE);
	done(&made);
}

static void impersonation_becomes_headers(void **state)
{
	struct made made;

	(void)state;
	takes(&made, USER("as: jane, as-uid: \"7\", as-groups: [a, b]"));
	assert_string_equal(made.choice.headers[0], "Impersonate-User: jane");
	assert_string_equal(made.choice.headers[1], "Impersonate-Uid: 7");
	assert_string_equal(made.choice.headers[2], "Impersonate-Group: a");
	assert_string_equal(made.choice.headers[3], "Impersonate-Group: b");
	assert_null(made.choice.headers[4]);
	done(&made);
	assert_refused(USER("as-groups: [a]"), "without as");
	assert_refused(USER("as: a, as-user-extra: {a: [b]}"), "as-user-extra is not supported");
}

static void what_is_wrong_is_said_with_its_place_and_the_way_out(void **state)
{
	(void)state;
	assert_refused(USER("token: 12"), "/d/a:6:17: token must be a string: put it in quotes");
	assert_refused(USER("auth-provider: {name: gcp}"), "/d/a:6:25: auth-provider is gone");
	assert_refused(USER("client-key-data: \"*\""), "/d/a:6:27: client-key-data is no base64");
	assert_refused(USER("client-key-data: QQ=="), "one is missing");
	assert_refused(USER("token: a, username: b"), "one of them must go");
	assert_refused(USER("password: b"), "without username");
	assert_refused(USER("exec: 1"), "exec must be a mapping");
	assert_refused(USER("exec: {command: a}"), "exec.apiVersion must be");
	assert_refused(
	        USER("exec: {command: a, apiVersion: client.authentication.k8s.io/v1alpha1}"),
	        "v1alpha1 of credential plugins is gone");
	assert_refused(USER("exec: {apiVersion: client.authentication.k8s.io/v1}"), "no command");
	assert_refused(EXEC(", args: [1]"), "an argument must be a string");
	assert_refused(EXEC(", env: [{value: x}]"), "must have a name");
	assert_refused(EXEC(", interactiveMode: never"), "Never, IfAvailable or Always");
	assert_refused("clusters: [{name: c, cluster: {server: a, proxy-url: b}}]\n" CONTEXT,
	               "/d/a:1:54: proxy-url must begin with http://");
	assert_refused("clusters: [{name: c, cluster: {proxy-url: b}}]\n" CONTEXT, "no server");
	assert_refused("clusters: [{name: c, cluster: {server: a, insecure-skip-tls-verify: true, "
	               "certificate-authority: b}}]\n" CONTEXT,
	               "one of them must go");
	assert_refused("clusters: [{name: c, cluster: {server: a, insecure-skip-tls-verify: "
	               "1}}]\n" CONTEXT,
	               "must be true or false");
	assert_refused(CONTEXT "clusters: [{name: d, cluster: {server: a}}]\n",
	               "cluster \"c\" is not there or says nothing; there are: d");
	assert_refused(CLUSTER CONTEXT, "user \"u\" is not there or says nothing; there are: none");
	assert_refused("current-context: x\ncontexts: [{name: x, context: {user: u}}]\n",
	               "names no cluster");
	assert_refused(CLUSTER CONTEXT "users: [{name: u}, {name: u}]\n",
	               "/d/a:4:20: the name \"u\" stands there twice, first in line 4");
	assert_refused(CLUSTER CONTEXT "users: {u: {}}\n", "users must be a list");
	assert_refused(CLUSTER CONTEXT "users: [u]\n", "must be a mapping with a name");
	assert_refused("kind: Pod\n", "/d/a:1:7: this is a Pod, no kubeconfig");
	assert_refused("apiVersion: v2\n", "only v1");
	assert_refused("- a\n", "a kubeconfig must be a mapping");
	assert_refused("a: [\n", "/d/a:");
}

static void every_strict_prefix_is_refused_or_read(void **state)
{
	static const char whole[] =
	        EXEC(", args: [a], env: [{name: A, value: b}], installHint: h") "# end\n";
	unsigned refused = 0;

	(void)state;
	for (size_t len = 0; len < sizeof(whole); len++) {
		struct made made = {0};
		int r = files_add_bytes(&made.files, "f", test_tail(whole, len), len, &made.err);

		if (r == 0)
			r = choice_make(&made.choice, &made.files, NULL, &made.err);
		assert_int_equal(made.err.code, -r);
		refused += r < 0;
		done(&made);
	}
	assert_in_range(refused, 200, sizeof(whole) - 2);
}

TEST_MAIN(cmocka_unit_test(everything_of_a_context_is_read), cmocka_unit_test(json_is_read_as_well),
          cmocka_unit_test(first_file_that_has_a_name_counts_whole),
          cmocka_unit_test(context_is_the_one_asked_for), cmocka_unit_test(exec_plugin_is_read),
          cmocka_unit_test(impersonation_becomes_headers),
          cmocka_unit_test(what_is_wrong_is_said_with_its_place_and_the_way_out),
          cmocka_unit_test(every_strict_prefix_is_refused_or_read))
