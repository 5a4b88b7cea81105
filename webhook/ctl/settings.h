/* settings.h - the configuration that a verb works with. */
#ifndef FARGUARD_CTL_SETTINGS_H
#define FARGUARD_CTL_SETTINGS_H

#include "webhook/ctl/exits.h"
#include "webhook/policy/policy.h"

/* The file `path`, or the defaults when it is NULL; what is wrong is said on stderr. */
enum exits settings_load(const char *path, struct policy *policy);

#endif
