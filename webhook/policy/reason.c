/* reason.c - the words, each with its sentence. */
#include "webhook/policy/reason.h"

static const struct {
	const char *name, *text;
} reasons[REASON_COUNT] = {
        [REASON_INJECTED] = {"injected", "Farguard was put into the pod"},
        [REASON_REPAIRED] = {"repaired", "parts of Farguard that were missing were put back"},
        [REASON_ALREADY_INJECTED] = {"already-injected", "Farguard is in the pod already"},
        [REASON_NOT_OPTED_IN] = {"not-opted-in",
                                 "neither pod nor namespace has farguard.io/inject=enabled"},
        [REASON_OPTED_OUT] = {"opted-out", "farguard.io/inject=disabled is set"},
        [REASON_NAMESPACE_EXCLUDED] = {"namespace-excluded",
                                       "the configuration excludes the namespace"},
        [REASON_OWN_POD] = {"own-pod", "the pod is Farguard's own"},
        [REASON_NOT_FARGATE] = {"not-fargate",
                                "the pod does not run on Fargate, and only such are injected"},
        [REASON_NO_CONTAINER_SELECTED] = {"no-container-selected",
                                          "no container of the pod can be covered"},
        [REASON_HOST_NETWORK] = {"host-network", "the pod uses the host's network"},
        [REASON_HOST_PID] = {"host-pid", "the pod uses the host's processes"},
        [REASON_WINDOWS] = {"windows", "the pod is for Windows"},
        [REASON_MIRROR_POD] = {"mirror-pod", "the pod is a static pod's mirror"},
        [REASON_NAME_COLLISION] = {"name-collision", "the pod has something of the same name"},
        [REASON_LIMIT_RANGE] = {"limit-range", "a LimitRange would refuse the injected pod"},
        [REASON_QUOTA] = {"quota", "a ResourceQuota would refuse the injected pod"},
        [REASON_JOB_UNCOVERABLE] = {"job-uncoverable",
                                    "the pod is to end, and the end of a container cannot be seen"},
        [REASON_CIRCUIT_OPEN] = {"circuit-open",
                                 "injection stopped in the namespace after failures"},
        [REASON_NOT_READY] = {"not-ready", "the webhook does not know the namespace yet"},
        [REASON_TOO_LARGE] = {"too-large", "the request is too large or too deeply nested"},
        [REASON_MALFORMED] = {"malformed", "the object is no pod"},
        [REASON_SELF_CHECK_FAILED] = {"self-check-failed", "the patch did not pass its own check"},
        [REASON_INTERNAL_ERROR] = {"internal-error", "memory ran out"},
        [REASON_UNSUPPORTED_KIND] = {"unsupported-kind",
                                     "the object is no workload that is injected"},
};

const char *reason_name(enum reason reason)
{
	return reason < REASON_COUNT ? reasons[reason].name : "internal-error";
}

const char *reason_text(enum reason reason)
{
	return reason < REASON_COUNT ? reasons[reason].text : "an unknown reason";
}
