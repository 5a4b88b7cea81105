#include "webhook/ctl/settings.h"

#include "injector/base/err.h"

enum exits settings_load(const char *path, struct policy *policy)
{
	struct err err = {0};

	if (path)
		return policy_load(policy, path, &err) < 0 ? exits_of(&err) : EXITS_DONE;
	if (policy_init(policy) == 0)
		return EXITS_DONE;
	exits_say("out of memory");
	return EXITS_INTERNAL;
}
