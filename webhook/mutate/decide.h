/* decide.h - mutate_pod() for a caller who wants no JSON. */
#ifndef FARGUARD_MUTATE_DECIDE_H
#define FARGUARD_MUTATE_DECIDE_H

#include "webhook/mutate/mutate.h"
#include "webhook/mutate/ops.h"

/* mutate_pod() with its patch in `ops`, which was zeroed and is the caller's to release, and none
 * in `out`.  A pod that is left alone has no operations. */
void decide_pod(const struct policy *policy, const struct mutate_context *context,
                struct json_object *pod, struct ops *ops, struct mutate_result *out);

#endif
