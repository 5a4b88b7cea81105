#include "webhook/kubeconfig/plugin.h"

#include <errno.h>
#include <stdlib.h>

#include "injector/base/err.h"
#include "tests/harness.h"
#include "webhook/kube/json.h"

#define V1   "client.authentication.k8s.io/v1"
#define HEAD "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":"
/* printf(1) of a shell prints the token that the script made. */
#define SAYS(token) "printf '" HEAD "{\"token\":\"%s\"}}' \"" token "\""

/* Run `script` by sh(1). */
static int run(const char *script, const struct plugin *like, struct json_object *cluster,
               struct credential *out, struct err *err)
{
	struct plugin plugin = *like;
	int r;

	plugin.api_version = V1;
	plugin.args[0] = "sh";
	plugin.args[1] = "-c";
	plugin.args[2] = script;
	*out = (struct credential){0};
	*err = (struct err){0};
	r = plugin_run(&plugin, cluster, out, err);
	assert_int_equal(err->code, -r);
	return r;
}

static void assert_token(const char *script, const struct plugin *like, struct json_object *cluster,
                         const char *token)
{
	struct credential out;
	struct err err;

	if (run(script, like, cluster, &out, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(out.token, token);
	credential_done(&out);
}

static void assert_fails(const char *script, const struct plugin *like, int code, const char *says)
{
	struct credential out;
	struct err err;

	assert_int_equal(run(script, like, NULL, &out, &err), -code);
	if (!strstr(err.text, says))
		fail_msg("\"%s\" does not say \"%s\"", err.text, says);
}

static void plugin_has_our_environment_and_its_own_over_it(void **state)
{
	const struct plugin plugin = {.env = {"PLUGIN_A=mine", "PLUGIN_C=c"}};

	(void)state;
	setenv("PLUGIN_A", "ours", 1);
	setenv("PLUGIN_B", "b", 1);
	assert_token(SAYS("$PLUGIN_A-$PLUGIN_B-$PLUGIN_C"), &plugin, NULL, "mine-b-c");
}

static void plugin_is_told_of_the_cluster_only_when_it_asks(void **state)
{
	struct json_object *cluster = json_tokener_parse("{\"server\":\"https://h\"}");
	/* Quotes would end the string that the script makes. */
	static const char script[] =
	        "t=$(printf %s \"$KUBERNETES_EXEC_INFO\" | tr -d '\"');" SAYS("$t");
	const struct plugin asks = {
	        .tells_cluster = true, .mode = PLUGIN_NEVER, .env = {"KUBERNETES_EXEC_INFO=x"}};

	(void)state;
	assert_token(script, &asks, cluster,
	             "{kind:ExecCredential,apiVersion:" V1 ",spec:{interactive:false,cluster:{"
	             "server:https://h}}}");
	assert_token(script, &(struct plugin){.mode = PLUGIN_NEVER}, cluster,
	             "{kind:ExecCredential,apiVersion:" V1 ",spec:{interactive:false}}");
	json_object_put(cluster);
}

static void plugin_that_is_not_asked_reads_nothing(void **state)
{
	(void)state;
	assert_token("read -r line; " SAYS("got:$line"), &(struct plugin){.mode = PLUGIN_NEVER},
	             NULL, "got:");
}

static void failures_say_what_happened(void **state)
{
	const struct plugin plain = {0}, hurried = {.timeout_ms = 200};
	struct plugin missing = {.api_version = V1, .args = {"farguard-no-such-plugin"}};
	struct credential out = {0};
	struct err err = {0};

	(void)state;
	assert_fails("exit 3", &plain, EPROTO, "sh failed with status 3");
	assert_fails(SAYS("t") "; exit 1", &plain, EPROTO, "sh failed with status 1");
	assert_fails("kill -9 $$", &plain, EPROTO, "sh was ended by signal 9");
	assert_fails("echo hello", &plain, EPROTO, "sh: it printed no JSON");
	assert_fails(":", &plain, EPROTO, "sh: it printed no JSON");
	assert_fails("exec sleep 60", &hurried, ETIMEDOUT, "did not end");
	assert_fails("exec >&-; exec sleep 60", &hurried, ETIMEDOUT, "did not end");
	assert_fails("exec cat /dev/zero", &plain, EFBIG, "printed more than");
	assert_int_equal(plugin_run(&missing, NULL, &out, &err), -ENOENT);
	assert_string_equal(err.text,
	                    "farguard-no-such-plugin cannot be started: No such file or directory");
}

static void credential_that_expired_is_refused(void **state)
{
	const struct plugin plain = {0};
	struct credential out;
	struct err err;

	(void)state;
	assert_fails("printf '" HEAD "{\"token\":\"t\",\"expirationTimestamp\":"
	             "\"2020-01-01T00:00:00Z\"}}'",
	             &plain, EKEYEXPIRED, "expired at 2020-01-01T00:00:00Z: log in again");
	assert_int_equal(run("printf '" HEAD "{\"token\":\"t\",\"expirationTimestamp\":"
	                     "\"2100-01-01T00:00:00Z\"}}'",
	                     &plain, NULL, &out, &err),
	                 0);
	assert_true(out.expires);
	credential_done(&out);
}

TEST_MAIN(cmocka_unit_test(plugin_has_our_environment_and_its_own_over_it),
          cmocka_unit_test(plugin_is_told_of_the_cluster_only_when_it_asks),
          cmocka_unit_test(plugin_that_is_not_asked_reads_nothing),
          cmocka_unit_test(failures_say_what_happened),
          cmocka_unit_test(credential_that_expired_is_refused))
