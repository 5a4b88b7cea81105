#include "webhook/admit/startup.h"

#include <stdio.h>

#include "tests/harness.h"
#include "webhook/admit/circuit.h"

#define IMAGE "registry.test/farguard:1"
#define OURS  "\"image\":\"" IMAGE "\",\"imagePullPolicy\":\"IfNotPresent\""
#define MADE  100 /* creationTimestamp below */

#define COMMAND ",\"command\":[\"/farguard\",\"install\",\"/.farguard\"]"
#define INSTALL "{\"name\":\"farguard-install\"," OURS COMMAND "}"
#define AGENT   "{\"name\":\"farguard-agent\"," OURS "}"

/* A pod of these init containers, containers and their statuses. */
static struct startup read_pod(const char *inits, const char *containers, const char *init_statuses,
                               const char *statuses, const char *metadata)
{
	char text[4096];
	struct startup out;
	struct json_object *pod;
	int n = snprintf(text, sizeof(text),
	                 "{\"metadata\":{\"name\":\"web-1\",\"uid\":\"4f1c\",\"creationTimestamp\":"
	                 "\"1970-01-01T00:01:40Z\"%s},\"spec\":{\"initContainers\":[%s],"
	                 "\"containers\":[%s]},"
	                 "\"status\":{\"initContainerStatuses\":[%s],\"containerStatuses\":[%s]}}",
	                 metadata, inits, containers, init_statuses, statuses);

	assert_in_range(n, 1, sizeof(text) - 1);
	pod = json_tokener_parse(text);
	assert_non_null(pod);
	startup_read(pod, IMAGE, "IfNotPresent", &out);
	json_object_put(pod);
	return out;
}

/* One whose farguard-install is in `state`. */
static struct startup read_install(const char *state)
{
	char status[512];

	snprintf(status, sizeof(status), "{\"name\":\"farguard-install\",\"state\":{%s}}", state);
	return read_pod(INSTALL, AGENT, status, "", "");
}

static struct startup waiting_for(const char *reason)
{
	char state[128];

	snprintf(state, sizeof(state), "\"waiting\":{\"reason\":\"%s\"}", reason);
	return read_install(state);
}

#define DONE                                                                                       \
	"{\"name\":\"farguard-install\",\"state\":{\"terminated\":{\"exitCode\":0,"                \
	"\"finishedAt\":\"1970-01-01T00:02:00Z\"}}}"

static void image_that_cannot_be_pulled_fails_since_the_pod_is_there(void **state)
{
	static const char *const reasons[] = {"ErrImagePull",         "ImagePullBackOff",
	                                      "InvalidImageName",     "ErrImageNeverPull",
	                                      "RunContainerError",    "CreateContainerConfigError",
	                                      "CreateContainerError", "CrashLoopBackOff"};

	(void)state;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		struct startup startup = waiting_for(reasons[i]);
		char why[STARTUP_WHY_MAX];

		assert_int_equal(startup.state, STARTUP_FAILS);
		assert_int_equal(startup.at_s, MADE);
		snprintf(why, sizeof(why), "pod web-1, farguard-install: %s", reasons[i]);
		assert_string_equal(startup.why, why);
	}
}

static void waiting_for_something_else_says_nothing(void **state)
{
	(void)state;
	/* A volume that cannot be mounted is not ours. */
	assert_int_equal(waiting_for("PodInitializing").state, STARTUP_UNKNOWN);
	assert_int_equal(waiting_for("ContainerCreating").state, STARTUP_UNKNOWN);
	assert_int_equal(waiting_for("").state, STARTUP_UNKNOWN);
	assert_int_equal(read_install("").state, STARTUP_UNKNOWN);
	assert_int_equal(read_pod(INSTALL, AGENT, "", "", "").state, STARTUP_UNKNOWN);
}

static void done_counts_from_its_end(void **state)
{
	struct startup startup = read_pod(INSTALL, AGENT, DONE, "", "");

	(void)state;
	assert_int_equal(startup.state, STARTUP_STARTED);
	assert_int_equal(startup.at_s, 120);
	assert_true(startup.id != 0);
}

static void install_that_fails_or_does_not_end_speaks_against_us(void **state)
{
	struct startup startup = read_install("\"terminated\":{\"exitCode\":137,\"finishedAt\":"
	                                      "\"1970-01-01T00:02:00Z\"}");

	(void)state;
	assert_int_equal(startup.state, STARTUP_FAILS);
	assert_int_equal(startup.at_s, 120);
	assert_string_equal(startup.why, "pod web-1, farguard-install: exit status 137");
	startup = read_install("\"running\":{\"startedAt\":\"1970-01-01T00:02:00Z\"}");
	assert_int_equal(startup.state, STARTUP_FAILS);
	assert_int_equal(startup.at_s + CIRCUIT_FAILS_S, 120 + STARTUP_RUNNING_S);
}

static void agent_counts_by_its_image_alone(void **state)
{
	static const struct {
		const char *reason;
		enum startup_state state;
	} cases[] = {{"ImagePullBackOff", STARTUP_FAILS},
	             {"ErrImagePull", STARTUP_FAILS},
	             {"CrashLoopBackOff", STARTUP_STARTED},
	             {"CreateContainerError", STARTUP_STARTED},
	             {"PodInitializing", STARTUP_STARTED}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char status[256], both[512];
		struct startup startup;

		snprintf(
		        status, sizeof(status),
		        "{\"name\":\"farguard-agent\",\"state\":{\"waiting\":{\"reason\":\"%s\"}}}",
		        cases[i].reason);
		startup = read_pod(INSTALL, AGENT, DONE, status, "");
		assert_int_equal(startup.state, cases[i].state);
		assert_int_equal(startup.at_s, 120);
		/* A native sidecar. */
		snprintf(both, sizeof(both), "%s,%s", DONE, status);
		assert_int_equal(
		        read_pod(INSTALL "," AGENT, "{\"name\":\"web\"}", both, "", "").state,
		        cases[i].state);
	}
	assert_int_equal(read_pod(INSTALL, AGENT, "",
	                          "{\"name\":\"farguard-agent\",\"state\":{\"waiting\":{\"reason\":"
	                          "\"ImagePullBackOff\"}}}",
	                          "")
	                         .state,
	                 STARTUP_UNKNOWN);
}

/* What anyone can put into a pod of their own. */
static void forged_containers_say_nothing(void **state)
{
	static const char status[] = "{\"name\":\"farguard-install\",\"state\":{\"waiting\":{"
	                             "\"reason\":\"ErrImagePull\"}}}";
	static const char *const inits[] = {
	        "{\"name\":\"farguard-install\",\"image\":\"registry.test/none:1\","
	        "\"imagePullPolicy\":\"IfNotPresent\"" COMMAND "}",
	        "{\"name\":\"farguard-install\",\"image\":\"" IMAGE
	        "2\",\"imagePullPolicy\":\"IfNotPresent\"" COMMAND "}",
	        "{\"name\":\"farguard-install\",\"image\":\"" IMAGE
	        "\",\"imagePullPolicy\":\"Never\"" COMMAND "}",
	        "{\"name\":\"farguard-install\"" COMMAND "}",
	        "{\"name\":\"install\"," OURS COMMAND "}",
	        "{\"name\":\"farguard-install\"," OURS "}",
	        "{\"name\":\"farguard-install\"," OURS ",\"command\":[\"/farguard\",\"install\"]}",
	        "{\"name\":\"farguard-install\"," OURS ",\"command\":[\"/farguard\",\"run\",7]}",
	        "{\"name\":\"farguard-install\"," OURS COMMAND ",\"args\":[\"x\"]}",
	        "{\"name\":\"farguard-install\"," OURS COMMAND ",\"envFrom\":[]}",
	        "{\"name\":\"farguard-install\"," OURS COMMAND
	        ",\"env\":[{\"name\":\"A\",\"value\":\"\"},{\"name\":\"B\",\"valueFrom\":{}}]}",
	        "",
	        "null",
	        "7",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(inits) / sizeof(*inits); i++)
		assert_int_equal(read_pod(inits[i], AGENT, status, "", "").state, STARTUP_UNKNOWN);
	assert_int_equal(read_pod("", INSTALL, "", status, "").state, STARTUP_UNKNOWN);
	assert_int_equal(read_pod(INSTALL, "{\"name\":\"farguard-agent\",\"image\":\"x\"}", DONE,
	                          "{\"name\":\"farguard-agent\",\"state\":{\"waiting\":{\"reason\":"
	                          "\"ErrImagePull\"}}}",
	                          "")
	                         .state,
	                 STARTUP_STARTED);
}

/* As the identity webhook of EKS does it. */
static void variables_that_others_add_do_not_matter(void **state)
{
	(void)state;
	assert_int_equal(read_pod("{\"name\":\"farguard-install\"," OURS COMMAND
	                          ",\"env\":[{\"name\":\"AWS_REGION\",\"value\":\"eu-west-1\"}]}",
	                          AGENT, DONE, "", "")
	                         .state,
	                 STARTUP_STARTED);
}

static void pod_that_is_being_deleted_says_nothing(void **state)
{
	struct startup startup = read_pod(INSTALL, AGENT, DONE, "",
	                                  ",\"deletionTimestamp\":\"1970-01-01T00:03:00Z\"");

	(void)state;
	assert_int_equal(startup.state, STARTUP_UNKNOWN);
	assert_int_equal(startup.id, read_install("").id);
}

static void what_is_no_pod_says_nothing(void **state)
{
	static const char *const texts[] = {"null",
	                                    "[]",
	                                    "7",
	                                    "{}",
	                                    "{\"spec\":[],\"status\":7}",
	                                    "{\"metadata\":{\"uid\":7}}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct json_object *pod = json_tokener_parse(texts[i]);
		struct startup startup;

		startup_read(pod, IMAGE, "Always", &startup);
		assert_int_equal(startup.state, STARTUP_UNKNOWN);
		json_object_put(pod);
	}
}

TEST_MAIN(cmocka_unit_test(image_that_cannot_be_pulled_fails_since_the_pod_is_there),
          cmocka_unit_test(waiting_for_something_else_says_nothing),
          cmocka_unit_test(done_counts_from_its_end),
          cmocka_unit_test(install_that_fails_or_does_not_end_speaks_against_us),
          cmocka_unit_test(agent_counts_by_its_image_alone),
          cmocka_unit_test(forged_containers_say_nothing),
          cmocka_unit_test(variables_that_others_add_do_not_matter),
          cmocka_unit_test(pod_that_is_being_deleted_says_nothing),
          cmocka_unit_test(what_is_no_pod_says_nothing))
