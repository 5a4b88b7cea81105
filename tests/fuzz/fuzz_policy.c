/* fuzz_policy.c - any bytes as the configuration file: read whole, or refused with a place. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "webhook/policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy policy;
	struct err err = {0};
	int code = policy_parse(&policy, (const char *)data, size, "f.yaml", &err);

	if (code == 0) {
		if (!policy.image.reference || !policy.agent.resources || !policy.server.listen ||
		    policy.agent.heartbeat_seconds < 1)
			abort();
		policy_done(&policy);
	} else if (policy.image.reference || err.code != -code ||
	           strncmp(err.text, "f.yaml:", 7) != 0) {
		abort();
	}
	return 0;
}
