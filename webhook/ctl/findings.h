/* findings.h - what should be guarded and is not, and how it is told.
 *
 * Owns     Copies of the names, until findings_done(); reasons are literals.
 * Limits   FINDINGS_MAX; one more is as without memory.
 * Errors   Sticky, in `failed`: memory ran out.
 */
#ifndef FARGUARD_CTL_FINDINGS_H
#define FARGUARD_CTL_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#define FINDINGS_MAX 2000000u

struct output;
struct page;

struct finding {
	char *namespace, *pod, *container; /* container "" for the pod as a whole */
	char *workload;                    /* "Deployment/web" */
	char *message;                     /* what the API server said, or NULL */
	const char *reason;
};

struct findings {
	struct finding *items;
	size_t count, cap;
	bool failed;
};

/* Add a copy. */
void findings_add(struct findings *findings, const struct finding *finding);
/* Forget all but the first `count`. */
void findings_cut(struct findings *findings, size_t count);
void findings_done(struct findings *findings);

/* [{"namespace","pod","container","reason"}], an object a line; with `messages` also
 * "workload" and "message". */
void findings_json(const struct findings *findings, bool messages, struct output *output);

/* A table, what the reasons mean, and the commands that help. */
void findings_text(const struct findings *findings, bool messages, struct page *page);

#endif
