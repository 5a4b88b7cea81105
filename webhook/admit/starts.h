/* starts.h - what images start, for reviews: registries, pull Secrets, and the time that is left.
 *
 * Owns     The look-up's workers and the pull Secrets, until starts_done().
 * Limits   registry.timeoutMs for all images of one review together.
 * Threads  Any.
 */
#ifndef FARGUARD_ADMIT_STARTS_H
#define FARGUARD_ADMIT_STARTS_H

#include <json-c/json.h>
#include <stdint.h>

#include "webhook/admit/pulls.h"
#include "webhook/mutate/mutate.h"
#include "webhook/registry/images.h"

struct starts {
	struct images *images;
	struct pulls pulls;
};

/* One review's; the policy is borrowed. */
struct starts_review {
	struct starts *starts;
	const struct policy *policy;
	uint64_t deadline_ms; /* of clock_ms(); 0 before the first image */
};

/* Returns 0 or -errno; starts_done() in either case. */
int starts_init(struct starts *starts, const struct policy *policy,
                const struct http_settings *settings, struct err *err);
void starts_done(struct starts *starts);

/* A mutate_image_fn's work. */
int starts_find(struct starts_review *review, const char *namespace,
                struct json_object *pull_secrets, const char *reference, struct mutate_image *out);

#endif
