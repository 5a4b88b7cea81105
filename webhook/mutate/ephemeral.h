/* ephemeral.h - containers that `kubectl debug` puts into a pod that runs.
 *
 * Why      They come by an update of pods/ephemeralcontainers, where nothing else of the pod can be
 *          changed: they can have the payload's volume, which the pod has if it was injected, but
 *          no subPath, so no ld.so.preload.
 */
#ifndef FARGUARD_MUTATE_EPHEMERAL_H
#define FARGUARD_MUTATE_EPHEMERAL_H

#include "webhook/mutate/mutate.h"
#include "webhook/mutate/ops.h"

/* Cover the ephemeral containers of `pod` that `old` (or NULL) does not have.  As decide_pod(), but
 * there is never a status. */
void ephemeral_decide(const struct policy *policy, const struct mutate_context *context,
                      struct json_object *pod, struct json_object *old, struct ops *ops,
                      struct mutate_result *out);

#endif
