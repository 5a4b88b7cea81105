/* defaults.h - what the API server puts into a pod before any webhook sees it.
 *
 * Why      A LimitRange's defaults are requests too: they make the Fargate size, and whoever reads
 *          the manifest alone does not see them.  See plugin/pkg/admission/limitranger and
 *          SetDefaults_LimitRangeItem in Kubernetes.
 */
#ifndef FARGUARD_CTL_DEFAULTS_H
#define FARGUARD_CTL_DEFAULTS_H

#include <json-c/json.h>

/* `pod` as the API server would hand it on where `limit_ranges` (an array of specs, or NULL) hold;
 * the pod itself is not changed.  Caller puts it; NULL only without memory. */
struct json_object *defaults_of(struct json_object *pod, struct json_object *limit_ranges);

#endif
