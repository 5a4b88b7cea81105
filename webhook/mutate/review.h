/* review.h - an AdmissionReview in, an AdmissionReview out, as bytes.
 *
 * Why      The server and `farguardctl review` must answer alike, to the byte.
 * Limits   REVIEW_BYTES_MAX a request, REVIEW_DEPTH_MAX levels of nesting, REVIEW_VALUES_MAX
 * values: 80 MB as a tree. Errors   A request whose uid can be read is always answered "allowed";
 * only one that is no AdmissionReview at all fails, with -EBADMSG, for the HTTP layer to refuse
 * (400).
 */
#ifndef FARGUARD_MUTATE_REVIEW_H
#define FARGUARD_MUTATE_REVIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "webhook/mutate/mutate.h"

#define REVIEW_BYTES_MAX  (8u << 20)
#define REVIEW_DEPTH_MAX  64
#define REVIEW_VALUES_MAX 100000u

struct err;

/* farguard.io/inject of a namespace.  Returns 0 with `*out_value` "enabled", "disabled" or ""
 * (copied into `out_value`, 16 bytes), or -EAGAIN when the namespace is not known: not-ready. */
typedef int review_namespace_fn(void *ctx, const char *namespace, char out_value[16]);

struct review_outcome { /* for log and metrics */
	enum reason reason;
	char uid[64], operation[16], namespace[64], name[256];
	bool dry_run;
	size_t operations; /* in the patch */
	char detail[160];
};

/* Answer `request`.  `*out_body` is malloc'ed, NUL-terminated, `*out_len` long; the caller frees.
 * Returns 0, -EBADMSG (no AdmissionReview v1; `err` says where), or -ENOMEM. */
int review_answer(const struct policy *policy, bool native_sidecars, review_namespace_fn *lookup,
                  void *lookup_ctx, const char *request, size_t len, char **out_body,
                  size_t *out_len, struct review_outcome *outcome, struct err *err);

#endif
