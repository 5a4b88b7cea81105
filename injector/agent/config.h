/* config.h - what the agent was told: options and the variables of contract.h.
 *
 * Owns     Nothing: strings are borrowed from the arguments and the environment.
 * Limits   A variable that is not understood leaves its default, and is counted.
 */
#ifndef FARGUARD_AGENT_CONFIG_H
#define FARGUARD_AGENT_CONFIG_H

#include <stdbool.h>

#include "injector/agent/containers.h"
#include "injector/base/err.h"
#include "injector/report/report.h"

struct config {
	struct report_pod pod;
	struct report_config report;
	enum restart_policy restart_policy;
	unsigned coverage_seconds;
	const char *spool_dir, *state_fd;
	bool help, version;
	bool stay; /* until SIGTERM, though all containers have ended */
};

/* Read the options.  -EINVAL when one is not known or its value makes no sense. */
int config_options(struct config *config, int argc, char **argv, struct err *err);

/* Read the variables.  What is wrong with one leaves its default and, the last one, a failure
 * in `err`: the agent starts in any case. */
int config_environment(struct config *config, struct containers *containers, struct err *err);

/* "process,file" to or-ed enum report_class; false when a word is not known. */
bool config_classes(struct str text, unsigned *out);

#endif
