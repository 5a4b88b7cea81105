/* diff.h - what two configurations have different, key by key.
 *
 * Why      Who edits the running webhook's configuration reads in its log what came of it.
 * Limits   DIFF_PATH_MAX a key's path, DIFF_VALUE_MAX a value as text; longer ones are cut.
 * Threads  Pure; neither policy is written to.
 */
#ifndef FARGUARD_POLICY_DIFF_H
#define FARGUARD_POLICY_DIFF_H

#include <stdbool.h>

#define DIFF_PATH_MAX  96
#define DIFF_VALUE_MAX 512

struct policy;

struct diff {
	char path[DIFF_PATH_MAX]; /* "inject.default" */
	char before[DIFF_VALUE_MAX], after[DIFF_VALUE_MAX];
	bool needs_restart; /* the running program does not take it up */
};

typedef void diff_fn(void *ctx, const struct diff *diff);

/* Call `on_diff` for each key that differs, in the sample's order; returns how many do. */
unsigned diff_policies(const struct policy *before, const struct policy *after, diff_fn *on_diff,
                       void *ctx);

#endif
