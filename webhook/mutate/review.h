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

/* What is known of a namespace. */
struct review_namespace {
	char inject[16];   /* farguard.io/inject: "enabled", "disabled" or "" */
	char pid1[16];     /* farguard.io/pid1, or "" */
	bool circuit_open; /* its injected pods fail because of us */
	/* JSON texts of mutate_context's arrays, malloc'ed; NULL for none. */
	char *limit_ranges, *quotas;
};

/* Fill `out`, which is zeroed.  Returns 0, or -EAGAIN when the namespace is not known: not-ready.
 */
typedef int review_namespace_fn(void *ctx, const char *namespace, struct review_namespace *out);

/* Whom to ask about a pod's surroundings. */
struct review_world {
	const char *own_namespace; /* Farguard's; NULL: "farguard" */
	bool native_sidecars;
	review_namespace_fn *namespace;
	mutate_image_fn *image; /* or NULL */
	void *ctx;
};

struct review_outcome { /* for log, metrics and events */
	enum reason reason;
	char uid[64], operation[16], namespace[64], name[256];
	bool is_named; /* `name` is the pod's, not the beginning of it */
	struct {
		char api_version[64], kind[64], name[254], uid[64];
	} owner; /* the pod's controller; texts are "" without one */
	bool dry_run;
	size_t operations; /* in the patch */
	char detail[160];
	char uncovered[256]; /* "NAME (reason), ...": gaps in an injected pod that nobody chose */
};

/* Answer `request`.  `*out_body` is malloc'ed, NUL-terminated, `*out_len` long; the caller frees.
 * Returns 0, -EBADMSG (no AdmissionReview v1; `err` says where), or -ENOMEM. */
int review_answer(const struct policy *policy, const struct review_world *world,
                  const char *request, size_t len, char **out_body, size_t *out_len,
                  struct review_outcome *outcome, struct err *err);

#endif
