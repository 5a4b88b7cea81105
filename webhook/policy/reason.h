/* reason.h - why a pod was or was not injected, in the contract's words.
 *
 * Every decision carries exactly one of these; answer, status annotation, log, metric and
 * farguardctl use the same words.  hack/names.txt lists them.
 */
#ifndef FARGUARD_POLICY_REASON_H
#define FARGUARD_POLICY_REASON_H

enum reason {
	REASON_INJECTED,
	REASON_REPAIRED,
	REASON_ALREADY_INJECTED,
	REASON_NOT_OPTED_IN,
	REASON_OPTED_OUT,
	REASON_NAMESPACE_EXCLUDED,
	REASON_OWN_POD,
	REASON_NOT_FARGATE,
	REASON_NO_CONTAINER_SELECTED,
	REASON_HOST_NETWORK,
	REASON_HOST_PID,
	REASON_WINDOWS,
	REASON_MIRROR_POD,
	REASON_NAME_COLLISION,
	REASON_LIMIT_RANGE,
	REASON_QUOTA,
	REASON_JOB_UNCOVERABLE,
	REASON_CIRCUIT_OPEN,
	REASON_NOT_READY,
	REASON_TOO_LARGE,
	REASON_MALFORMED,
	REASON_SELF_CHECK_FAILED,
	REASON_INTERNAL_ERROR,
	REASON_UNSUPPORTED_KIND,
	REASON_COUNT
};

/* The word, e.g. "not-opted-in"; never NULL. */
const char *reason_name(enum reason reason);

/* One sentence for a person, e.g. "the namespace is not annotated farguard.io/inject=enabled". */
const char *reason_text(enum reason reason);

#endif
