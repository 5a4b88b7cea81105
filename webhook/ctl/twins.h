/* twins.h - would the cluster refuse a workload's pods only because of Farguard in them?
 *
 * Why      A policy that refuses our image, or a quota that has no room for our containers, keeps
 *          pods from starting; better to learn it before the namespace is opted in for good.  The
 *          API server itself judges two pods by dry run, one with Farguard and one without, and
 *          keeps neither.
 * Limits   One call a workload, two where it is refused.
 * Errors   -errno as api_call(); what is refused with and without is said on stderr and not found.
 */
#ifndef FARGUARD_CTL_TWINS_H
#define FARGUARD_CTL_TWINS_H

#include <stdbool.h>
#include <stddef.h>

/* Refused, by neither a LimitRange nor a quota: a word beside the contract's reasons. */
#define TWINS_REFUSED "refused"

struct err;
struct findings;
struct http;
struct page;
struct policy;
struct scopes;

struct twins { /* borrowed */
	struct http *http;
	const struct policy *policy;
	struct scopes *scopes;
	bool native_sidecars;
	const char *only; /* namespace, or NULL for all */
	struct findings *findings;
	size_t tried; /* workloads, counted by twins_try() */
};

/* Try each workload that would be injected; add those that only then are refused. */
int twins_try(struct twins *twins, struct err *err);

/* "quota", "limit-range" or TWINS_REFUSED: what the API server's sentence is about. */
const char *twins_reason(const char *message);

#endif
