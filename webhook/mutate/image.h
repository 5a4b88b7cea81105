/* image.h - a container without `command` starts what its image says: ask, and write it down.
 *
 * Why      A static entrypoint loads no library, so only a wrapped command covers it; and the end
 * of a wrapped one can be seen. Limits   A tag may move between the look-up and the pull: with
 * `registry.lookup: auto` only images with a digest, or with a tag that is not "latest" and is not
 * pulled each time, are looked up.
 */
#ifndef FARGUARD_MUTATE_IMAGE_H
#define FARGUARD_MUTATE_IMAGE_H

#include "webhook/mutate/ops.h"
#include "webhook/mutate/plan.h"

/* Look the image of `c` up, if it may be, into c->image.  Returns whether there is something to
 * wrap. */
bool image_look_up(const struct plan *plan, struct plan_container *c);

/* Whether `c`, which is wrapped, was so by a look-up: the agent's list of containers says it. */
bool image_was_looked_up(const struct plan *plan, const struct plan_container *c);

/* Write the image's entrypoint behind ours, and its CMD where the container has no args. */
void image_edit(const struct plan *plan, struct ops *ops, const struct plan_container *c,
                const char *pointer, const char *made);

#endif
