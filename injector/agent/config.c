/* config.c - what the agent was told. */
#include "injector/agent/config.h"

#include <errno.h>
#include <stdlib.h>

#include "injector/base/contract.h"

static bool parse_number(const char *text, unsigned max, unsigned *out)
{
	char *end;
	unsigned long n;

	/* strtoul() takes blanks and signs too. */
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *end || n > max)
		return false;
	*out = (unsigned)n;
	return true;
}

bool config_classes(struct str text, unsigned *out)
{
	unsigned classes = 0;
	bool known = true;

	while (text.len) {
		struct str word = str_cut(&text, ',');

		if (str_eq(word, STR("process")))
			classes |= REPORT_PROCESS;
		else if (str_eq(word, STR("file")))
			classes |= REPORT_FILE;
		else if (str_eq(word, STR("network")))
			classes |= REPORT_NETWORK;
		else if (word.len)
			known = false;
	}
	*out = classes;
	return known;
}

int config_options(struct config *config, int argc, char **argv, struct err *err)
{
	int i;

	*config = (struct config){.coverage_seconds = COVERAGE_SECONDS,
	                          .spool_dir = CONTRACT_SPOOL_DIR,
	                          .report = {.classes = REPORT_PROCESS,
	                                     .heartbeat_seconds = HEARTBEAT_SECONDS,
	                                     .restart_policy = "Always"}};
	for (i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			config->help = true;
		} else if (!strcmp(argv[i], "--version")) {
			config->version = true;
		} else if (!strcmp(argv[i], CONTRACT_AGENT_STAY)) {
			config->stay = true;
		} else if (!strcmp(argv[i], "--coverage-seconds")) {
			if (!value ||
			    !parse_number(value, HEARTBEAT_MAX, &config->coverage_seconds))
				return err_set(err, EINVAL, "%s wants a number of seconds",
				               argv[i]);
			i++;
		} else if (!strcmp(argv[i], "--spool")) {
			if (!value)
				return err_set(err, EINVAL, "%s wants a directory", argv[i]);
			config->spool_dir = value;
			i++;
		} else {
			return err_set(err, EINVAL, "unknown argument '%.64s'", argv[i]);
		}
	}
	return 0;
}

static struct str variable(const char *name)
{
	const char *value = getenv(name);

	return value ? (struct str){value, strlen(value)} : (struct str){"", 0};
}

static int take_policy(struct config *config, struct err *err)
{
	struct str policy = variable(CONTRACT_ENV_RESTART_POLICY);

	if (str_eq(policy, STR("Never"))) {
		config->restart_policy = RESTART_NEVER;
		config->report.restart_policy = "Never";
	} else if (str_eq(policy, STR("OnFailure"))) {
		config->restart_policy = RESTART_ON_FAILURE;
		config->report.restart_policy = "OnFailure";
	} else if (policy.len && !str_eq(policy, STR("Always"))) {
		return err_set(err, EINVAL, "%s: '%.32s' is no restart policy",
		               CONTRACT_ENV_RESTART_POLICY, policy.ptr);
	}
	return 0;
}

int config_environment(struct config *config, struct containers *containers, struct err *err)
{
	struct str events = variable(CONTRACT_ENV_EVENTS);
	struct str heartbeat = variable(CONTRACT_ENV_HEARTBEAT);
	unsigned left_out = containers_parse(containers, variable(CONTRACT_ENV_CONTAINERS)), n;
	int result = 0;

	config->pod.namespace_ = variable(CONTRACT_ENV_NAMESPACE);
	config->pod.pod = variable(CONTRACT_ENV_POD);
	config->pod.node = variable(CONTRACT_ENV_NODE);
	config->pod.workload = variable(CONTRACT_ENV_WORKLOAD);
	config->state_fd = getenv(CONTRACT_ENV_STATE_FD);
	config->report.containers = containers->listed;
	if (left_out)
		result = err_set(err, EINVAL, "%s: %u entries are not understood",
		                 CONTRACT_ENV_CONTAINERS, left_out);
	if (getenv(CONTRACT_ENV_EVENTS) && !config_classes(events, &config->report.classes))
		result = err_set(err, EINVAL, "%s: '%.64s' has a class that is not known",
		                 CONTRACT_ENV_EVENTS, events.ptr);
	if (heartbeat.len && parse_number(heartbeat.ptr, HEARTBEAT_MAX, &n) && n > 0)
		config->report.heartbeat_seconds = n;
	else if (heartbeat.len)
		result = err_set(err, EINVAL, "%s: '%.32s' is no number of seconds",
		                 CONTRACT_ENV_HEARTBEAT, heartbeat.ptr);
	if (take_policy(config, err) < 0)
		result = -EINVAL;
	return result;
}
