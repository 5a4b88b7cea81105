/* mutate.h - a pod in, a minimal RFC 6902 patch out.
 *
 * Why      The pod belongs to its user: what Farguard does to it is a short list of
 *          operations, and nothing that they do not name changes.  The same code serves the
 *          API server, `farguardctl inject` and `uninject`.
 * Owns     mutate_result's members, until mutate_result_done().
 * Threads  Pure: no descriptor, clock, log or global.
 * Errors   None for the caller to handle: in doubt the patch is empty and the reason says why.
 */
#ifndef FARGUARD_MUTATE_MUTATE_H
#define FARGUARD_MUTATE_MUTATE_H

#include <json-c/json.h>
#include <stdbool.h>

#include "webhook/policy/policy.h"
#include "webhook/policy/reason.h"

#define MUTATE_WARNINGS_MAX 16

/* What an image starts: lists of malloc'ed strings that end with NULL, or NULL for none. */
struct mutate_image {
	char **entrypoint, **cmd;
};

/* Look an image up, with the names of Secrets ([{"name"}], or NULL) that the pod pulls it with.
 * Returns 0, or -errno when it cannot be told in time; never an error for the pod. */
typedef int mutate_image_fn(void *ctx, const char *namespace, struct json_object *pull_secrets,
                            const char *reference, struct mutate_image *out);
void mutate_image_done(struct mutate_image *image);

/* Where a pod stands and what is known about its surroundings. */
struct mutate_context {
	const char *namespace;        /* never NULL; "" when unknown (offline) */
	const char *namespace_inject; /* farguard.io/inject of the namespace, or NULL */
	const char *namespace_pid1;   /* farguard.io/pid1 of the namespace, or NULL */
	const char *own_namespace;    /* Farguard's; NULL: "farguard" */
	const char *workload;         /* "Deployment/web" when the caller knows it, or NULL: owner
	                                 references say */
	bool native_sidecars; /* the cluster runs init containers with restartPolicy Always */
	bool is_template;     /* a workload's template: its pods get their names later */
	bool circuit_open;    /* injected pods of the namespace fail because of us */
	/* The namespace's LimitRanges (each a spec) and ResourceQuotas (each with "hard", "used",
	 * "scopes", "scopeSelector"): arrays, borrowed; NULL for none. */
	struct json_object *limit_ranges, *quotas;
	mutate_image_fn *image; /* NULL: no image is looked up */
	void *image_ctx;
};

struct mutate_result {
	enum reason reason;
	struct json_object *patch;    /* array, empty when skipped; pointers relative to the pod */
	struct json_object *status;   /* the value of farguard.io/status as an object, or NULL */
	struct json_object *warnings; /* array of sentences for `kubectl` and stderr */
	char detail[160]; /* what exactly, e.g. "volume \"farguard\" is the pod's own"; may be "" */
};

/* Decide about `pod` ({"metadata","spec"}; borrowed, not changed) and build the patch.  The patch
 * was applied to a copy and checked: it applies, changes nothing but what it names, and
 * mutate_undo() takes it back. */
void mutate_pod(const struct policy *policy, const struct mutate_context *context,
                struct json_object *pod, struct mutate_result *out);
void mutate_result_done(struct mutate_result *result);

/* The patch that takes Farguard out of `pod` again: array of add, remove and replace operations,
 * empty when there is nothing of ours.  Caller puts it; NULL only without memory. */
struct json_object *mutate_undo(struct json_object *pod);

/* Apply an RFC 6902 patch (add, remove, replace, test) to `doc` in place.  Returns 0 or -errno
 * with `err` naming the operation; after a failure `doc` may be half changed. */
struct err;
int mutate_apply(struct json_object *doc, struct json_object *patch, struct err *err);

#endif
