#include "webhook/policy/diff.h"

#include <stdio.h>
#include <string.h>

#include "injector/base/err.h"
#include "tests/harness.h"
#include "webhook/policy/policy.h"

static void parse(struct policy *policy, const char *text)
{
	struct err err = {0};

	if (policy_parse(policy, text, strlen(text), "f.yaml", &err) < 0)
		fail_msg("%s", err.text);
}

static void on_diff(void *ctx, const struct diff *diff)
{
	char *text = ctx;
	size_t len = strlen(text);

	snprintf(text + len, 4096 - len, "%s%s: %s -> %s\n", diff->needs_restart ? "! " : "",
	         diff->path, diff->before, diff->after);
}

static void differs(const char *first, const char *second, unsigned count, const char *want)
{
	struct policy before, after;
	char text[4096] = "";

	parse(&before, first);
	parse(&after, second);
	assert_int_equal(diff_policies(&before, &after, on_diff, text), count);
	assert_string_equal(text, want);
	policy_done(&before);
	policy_done(&after);
}

static void equal_configurations_have_no_difference(void **state)
{
	(void)state;
	differs("", "{}", 0, "");
	differs("mode: detect\n", "# a comment\nfargate: {prices: {vcpuHour: 4.048e-2}}\n", 0, "");
	differs("agent: {resources: {limits: {cpu: 1}}}",
	        "agent: {resources: {limits: {cpu: '1'}}}", 0, "");
}

static void every_kind_of_value_is_told(void **state)
{
	(void)state;
	differs("",
	        "inject: {default: enabled, fargateOnly: true, excludeNamespaces: [a, 'b-*'],\n"
	        "  preloadEnv: never}\n"
	        "image: {reference: r.test/x}\n"
	        "agent: {resources: {requests: {cpu: 1m}}, heartbeatSeconds: 5, events: {file: "
	        "true}}\n"
	        "fargate: {prices: {gbHour: 2}}\n",
	        9,
	        "inject.default: disabled -> enabled\n"
	        "inject.fargateOnly: false -> true\n"
	        "inject.excludeNamespaces: [kube-system] -> [a, b-*]\n"
	        "inject.preloadEnv: auto -> never\n"
	        "image.reference: farguard.test/farguard-payload:dev -> r.test/x\n"
	        "agent.resources: {\"limits\":{\"cpu\":\"200m\",\"memory\":\"64Mi\"}} -> "
	        "{\"requests\":{\"cpu\":\"1m\"}}\n"
	        "agent.heartbeatSeconds: 60 -> 5\n"
	        "agent.events.file: false -> true\n"
	        "fargate.prices.gbHour: 0.004445 -> 2\n");
}

static void what_is_read_at_the_start_alone_says_so(void **state)
{
	(void)state;
	differs("", "server: {listen: ':9443', metrics: ':9091'}\ntls: {rotateDays: 1}\n", 3,
	        "tls.rotateDays: 30 -> 1\n"
	        "! server.listen: :8443 -> :9443\n"
	        "! server.metrics: :9090 -> :9091\n");
}

static void a_long_value_is_cut(void **state)
{
	struct policy before, after;
	char text[4096] = "", yaml[2048];

	(void)state;
	parse(&before, "");
	memcpy(yaml, "inject: {excludeNamespaces: [", 29);
	memset(yaml + 29, 'x', 1500);
	memcpy(yaml + 1529, "]}", 3);
	parse(&after, yaml);
	assert_int_equal(diff_policies(&before, &after, on_diff, text), 1);
	assert_true(strlen(text) < 600);
	policy_done(&before);
	policy_done(&after);
}

TEST_MAIN(cmocka_unit_test(equal_configurations_have_no_difference),
          cmocka_unit_test(every_kind_of_value_is_told),
          cmocka_unit_test(what_is_read_at_the_start_alone_says_so),
          cmocka_unit_test(a_long_value_is_cut))
