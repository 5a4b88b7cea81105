#include "webhook/policy/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "injector/base/err.h"
#include "tests/harness.h"

#define SAMPLE "charts/farguard/files/farguard.yaml"

static int parse(struct policy *policy, const char *text, struct err *err)
{
	size_t len = strlen(text);

	*err = (struct err){0};
	return policy_parse(policy, test_tail(text, len), len, "f.yaml", err);
}

/* `text` must be refused with exactly `message`. */
static void refused(const char *text, const char *message)
{
	struct policy policy = {0};
	struct err err;

	assert_int_equal(parse(&policy, text, &err), -EINVAL);
	assert_string_equal(err.text, message);
	assert_int_equal(err.code, EINVAL);
	assert_null(policy.image.reference);
	assert_null(policy.agent.resources);
}

static void accepted(struct policy *policy, const char *text)
{
	struct err err;

	if (parse(policy, text, &err) < 0)
		fail_msg("%s", err.text);
}

static void the_defaults_are_the_contracts(void **state)
{
	struct policy policy;

	(void)state;
	assert_int_equal(policy_init(&policy), 0);
	assert_false(policy.inject.default_enabled);
	assert_false(policy.inject.fargate_only);
	assert_true(policy.inject.allow_pod_opt_out);
	assert_int_equal(policy.inject.exclude_namespaces.count, 1);
	assert_string_equal(policy.inject.exclude_namespaces.items[0], "kube-system");
	assert_int_equal(policy.inject.exclude_containers.count, 3);
	assert_string_equal(policy.inject.exclude_containers.items[2], "vault-agent");
	assert_int_equal(policy.inject.preload_env, POLICY_PRELOAD_AUTO);
	assert_string_equal(policy.image.reference, "farguard.test/farguard-payload:dev");
	assert_string_equal(policy.image.pull_policy, "IfNotPresent");
	assert_string_equal(policy.sensor, "auto");
	assert_string_equal(policy.mode, "detect");
	assert_int_equal(policy.pid1, POLICY_PID1_AUTO);
	assert_string_equal(json_object_to_json_string_ext(policy.install_resources, 0), "{}");
	assert_string_equal(json_object_to_json_string_ext(policy.agent.resources, 0),
	                    "{\"limits\":{\"cpu\":\"200m\",\"memory\":\"64Mi\"}}");
	assert_int_equal(policy.agent.placement, POLICY_PLACEMENT_AUTO);
	assert_int_equal(policy.agent.heartbeat_seconds, 60);
	assert_true(policy.agent.events_process);
	assert_false(policy.agent.events_file || policy.agent.events_network);
	assert_false(policy.fargate.allow_size_increase);
	assert_true(policy.fargate.price_vcpu_hour == 0.04048);
	assert_true(policy.fargate.price_gb_hour == 0.004445);
	assert_string_equal(policy.registry.lookup, "auto");
	assert_int_equal(policy.registry.timeout_ms, 500);
	assert_string_equal(policy.registry.ca_file, "/etc/ssl/certs/ca-certificates.crt");
	assert_int_equal(policy.registry.pull_secret_namespaces.count, 0);
	assert_string_equal(policy.tls.source, "self");
	assert_int_equal(policy.tls.rotate_days, 30);
	assert_string_equal(policy.server.listen, ":8443");
	assert_string_equal(policy.server.metrics, ":9090");
	policy_done(&policy);
	policy_done(&policy);
}

static void an_empty_file_leaves_the_defaults(void **state)
{
	static const char *const texts[] = {"",
	                                    "\n",
	                                    "# a comment\n",
	                                    "---\n",
	                                    "{}\n",
	                                    "~\n",
	                                    "inject:\nagent: ~\nserver: null\n"};
	struct policy policy;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		accepted(&policy, texts[i]);
		assert_string_equal(policy.server.listen, ":8443");
		policy_done(&policy);
	}
}

static void every_key_overlays_its_default(void **state)
{
	static const char text[] =
	        "inject: {default: enabled, fargateOnly: true, allowPodOptOut: off,\n"
	        "  excludeNamespaces: ['kube-*', \"x\"], excludeContainers: [], preloadEnv: "
	        "never}\n"
	        "image: {reference: r/i@sha256:00, pullPolicy: Always}\n"
	        "sensor: ptrace\nmode: enforce\npid1: program\n"
	        "install: {resources: {requests: {cpu: 10m}, limits: {memory: 1}}}\n"
	        "agent: {placement: sidecar, resources: {}, heartbeatSeconds: 5,\n"
	        "  events: {process: no, file: yes, network: y}}\n"
	        "fargate: {allowSizeIncrease: True, prices: {vcpuHour: 1, gbHour: 2.5e-1}}\n"
	        "registry: {lookup: never, timeoutMs: 1}\n"
	        "tls: {source: self, rotateDays: 365}\n"
	        "server: {listen: \"127.0.0.1:1\", metrics: '[::1]:65535'}\n";
	struct policy p;

	(void)state;
	accepted(&p, text);
	assert_true(p.inject.default_enabled && p.inject.fargate_only);
	assert_false(p.inject.allow_pod_opt_out);
	assert_int_equal(p.inject.exclude_namespaces.count, 2);
	assert_string_equal(p.inject.exclude_namespaces.items[0], "kube-*");
	assert_int_equal(p.inject.exclude_containers.count, 0);
	assert_int_equal(p.inject.preload_env, POLICY_PRELOAD_NEVER);
	assert_string_equal(p.image.reference, "r/i@sha256:00");
	assert_string_equal(p.image.pull_policy, "Always");
	assert_string_equal(p.sensor, "ptrace");
	assert_string_equal(p.mode, "enforce");
	assert_int_equal(p.pid1, POLICY_PID1_PROGRAM);
	assert_string_equal(json_object_to_json_string_ext(p.install_resources, 0),
	                    "{\"requests\":{\"cpu\":\"10m\"},\"limits\":{\"memory\":\"1\"}}");
	assert_string_equal(json_object_to_json_string_ext(p.agent.resources, 0), "{}");
	assert_int_equal(p.agent.placement, POLICY_PLACEMENT_SIDECAR);
	assert_int_equal(p.agent.heartbeat_seconds, 5);
	assert_false(p.agent.events_process);
	assert_true(p.agent.events_file && p.agent.events_network);
	assert_true(p.fargate.allow_size_increase);
	assert_true(p.fargate.price_vcpu_hour == 1 && p.fargate.price_gb_hour == 0.25);
	assert_string_equal(p.registry.lookup, "never");
	assert_int_equal(p.registry.timeout_ms, 1);
	assert_int_equal(p.tls.rotate_days, 365);
	assert_string_equal(p.server.listen, "127.0.0.1:1");
	assert_string_equal(p.server.metrics, "[::1]:65535");
	policy_done(&p);
}

static void a_key_that_is_unknown_is_named_with_the_nearest(void **state)
{
	(void)state;
	refused("inject: {defualt: enabled}\n",
	        "f.yaml:1:10: unknown key \"defualt\"; did you mean \"default\"?");
	refused("sensor: auto\n  \nimages: {}\n",
	        "f.yaml:3:1: unknown key \"images\"; did you mean \"image\"?");
	refused("zzzzzz: 1\n", "f.yaml:1:1: unknown key \"zzzzzz\"");
	refused("agent:\n  resources:\n    limit: {}\n",
	        "f.yaml:3:5: unknown key \"limit\"; did you mean \"limits\"?");
	refused("\"inject\\0x\": {}\n", "f.yaml:1:1: a key must be a string without NUL");
}

static void a_key_stands_there_once(void **state)
{
	(void)state;
	refused("mode: detect\nmode: enforce\n",
	        "f.yaml:2:1: key \"mode\" stands there twice, first in line 1");
	refused("agent:\n  resources:\n    limits: {cpu: 1, cpu: 2}\n",
	        "f.yaml:3:22: key \"cpu\" stands there twice, first in line 3");
}

static void a_wrong_type_is_refused_where_it_stands(void **state)
{
	(void)state;
	refused("[]\n", "f.yaml:1:1: the configuration must be a mapping");
	refused("text\n", "f.yaml:1:1: the configuration must be a mapping");
	refused("inject: enabled\n", "f.yaml:1:9: inject must be a mapping");
	refused("[a]: 1\n", "f.yaml:1:1: a key must be a string");
	refused("inject:\n  fargateOnly: \"true\"\n",
	        "f.yaml:2:16: fargateOnly must be true or false");
	refused("inject: {fargateOnly: tRue}\n", "f.yaml:1:23: fargateOnly must be true or false");
	refused("inject: {excludeNamespaces: a}\n",
	        "f.yaml:1:29: excludeNamespaces must be a list of strings");
	refused("inject: {excludeNamespaces: [a, 5]}\n",
	        "f.yaml:1:33: excludeNamespaces must be a list of strings");
	refused("sensor: [auto]\n", "f.yaml:1:9: sensor must be a single value");
	refused("image: {reference: 5}\n", "f.yaml:1:20: reference must be a string");
	refused("image: {reference: ''}\n", "f.yaml:1:20: reference must be a string");
	refused("image: {reference: \"a\\0b\"}\n", "f.yaml:1:20: reference must be a string");
	refused("agent: {resources: 1}\n",
	        "f.yaml:1:20: resources must be a mapping of requests and limits");
	refused("agent: {resources: {limits: []}}\n",
	        "f.yaml:1:29: must be a mapping of resources to quantities");
}

static void a_word_must_be_one_of_its_list(void **state)
{
	(void)state;
	refused("mode: alert\n", "f.yaml:1:7: mode must be one of detect, enforce");
	refused("tls: {source: cert}\n", "f.yaml:1:15: source must be one of self, cert-manager");
	refused("inject: {default: true}\n",
	        "f.yaml:1:19: default must be one of disabled, enabled");
	refused("image: {pullPolicy: always}\n",
	        "f.yaml:1:21: pullPolicy must be one of IfNotPresent, Always, Never");
}

static void a_number_must_be_one_and_in_range(void **state)
{
	(void)state;
	refused("agent: {heartbeatSeconds: 0}\n",
	        "f.yaml:1:27: heartbeatSeconds must be a whole number from 1 to 86400");
	refused("agent: {heartbeatSeconds: 1.5}\n",
	        "f.yaml:1:27: heartbeatSeconds must be a whole number from 1 to 86400");
	refused("agent: {heartbeatSeconds: 99999999999999999999}\n",
	        "f.yaml:1:27: heartbeatSeconds must be a whole number from 1 to 86400");
	refused("agent: {heartbeatSeconds: '5'}\n",
	        "f.yaml:1:27: heartbeatSeconds must be a number");
	refused("fargate: {prices: {gbHour: -1}}\n", "f.yaml:1:28: gbHour must not be negative");
	refused("fargate: {prices: {gbHour: 1x}}\n", "f.yaml:1:28: gbHour must be a number");
	refused("server: {listen: 8443}\n", "f.yaml:1:18: listen must be HOST:PORT or :PORT");
	refused("server: {listen: ':70000'}\n", "f.yaml:1:18: listen must be HOST:PORT or :PORT");
	refused("server: {listen: ': 80'}\n", "f.yaml:1:18: listen must be HOST:PORT or :PORT");
	refused("install: {resources: {requests: {cpu: 10mm}}}\n",
	        "f.yaml:1:39: must be a quantity such as 200m or 64Mi");
	refused("install: {resources: {requests: {cpu: -1}}}\n",
	        "f.yaml:1:39: must be a quantity such as 200m or 64Mi");
}

static void what_is_no_yaml_is_refused_with_its_place(void **state)
{
	struct policy policy;
	struct err err;

	(void)state;
	refused("inject: {\n", "f.yaml:2:1: did not find expected node content");
	refused("a: b\n\tc: d\n", "f.yaml:2:1: found a tab character that violates indentation");
	refused("mode: detect\n---\nmode: enforce\n",
	        "f.yaml:3:1: a second document; the configuration is one");
	refused("mode: *nothing\n", "f.yaml:1:7: found undefined alias");
	assert_int_equal(parse(&policy, "mode: \x80\xff\n", &err), -EINVAL);
	assert_string_equal(err.text, "f.yaml: invalid leading UTF-8 octet at byte 6");
}

static void an_alias_counts_as_what_it_names(void **state)
{
	struct policy policy;

	(void)state;
	accepted(&policy, "install: &a {resources: {requests: {cpu: 1}}}\n"
	                  "agent: {events: {process: &f false, file: *f}}\n");
	assert_false(policy.agent.events_process || policy.agent.events_file);
	policy_done(&policy);
	refused("inject: &a {fargateOnly: *a}\n", "f.yaml:1:9: fargateOnly must be a single value");
}

static void the_sample_says_the_defaults(void **state)
{
	struct policy policy, defaults;
	struct err err = {0};

	(void)state;
	if (policy_load(&policy, SAMPLE, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(policy_init(&defaults), 0);
	assert_string_equal(policy.image.reference, defaults.image.reference);
	assert_int_equal(policy.inject.exclude_containers.count,
	                 defaults.inject.exclude_containers.count);
	assert_string_equal(json_object_to_json_string_ext(policy.agent.resources, 0),
	                    json_object_to_json_string_ext(defaults.agent.resources, 0));
	assert_int_equal(policy.tls.rotate_days, defaults.tls.rotate_days);
	policy_done(&policy);
	policy_done(&defaults);
}

static void every_prefix_of_the_sample_is_read_or_refused(void **state)
{
	static char text[1 << 14];
	struct policy policy;
	struct err err;
	size_t len, refused_count = 0;
	FILE *f = fopen(SAMPLE, "re");

	(void)state;
	assert_non_null(f);
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	for (size_t n = 0; n < len; n++) {
		err = (struct err){0};
		if (policy_parse(&policy, test_tail(text, n), n, "f.yaml", &err) == 0) {
			policy_done(&policy);
			continue;
		}
		refused_count++;
		assert_int_equal(strncmp(err.text, "f.yaml:", 7), 0);
		assert_null(policy.mode);
	}
	assert_true(refused_count > 10);
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
	char path[] = "/tmp/fg-policy-XXXXXX";
	struct policy policy;
	struct err err = {0};
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, POLICY_BYTES_MAX + 1), 0);
	close(fd);
	assert_int_equal(policy_load(&policy, path, &err), -EFBIG);
	assert_non_null(strstr(err.text, "longer than 1048576 bytes"));
	unlink(path);
	assert_int_equal(policy_load(&policy, path, &err), -ENOENT);
	assert_non_null(strstr(err.text, "No such file"));
	assert_int_equal(policy_load(&policy, "/", &err), -EISDIR);
}

TEST_MAIN(cmocka_unit_test(the_defaults_are_the_contracts),
          cmocka_unit_test(an_empty_file_leaves_the_defaults),
          cmocka_unit_test(every_key_overlays_its_default),
          cmocka_unit_test(a_key_that_is_unknown_is_named_with_the_nearest),
          cmocka_unit_test(a_key_stands_there_once),
          cmocka_unit_test(a_wrong_type_is_refused_where_it_stands),
          cmocka_unit_test(a_word_must_be_one_of_its_list),
          cmocka_unit_test(a_number_must_be_one_and_in_range),
          cmocka_unit_test(what_is_no_yaml_is_refused_with_its_place),
          cmocka_unit_test(an_alias_counts_as_what_it_names),
          cmocka_unit_test(the_sample_says_the_defaults),
          cmocka_unit_test(every_prefix_of_the_sample_is_read_or_refused),
          cmocka_unit_test(a_file_that_cannot_be_read_is_named))
