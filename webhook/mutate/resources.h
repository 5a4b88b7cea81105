/* resources.h - what Farguard's own containers may use and what they request.
 *
 * Why      A request buys a larger Fargate size, an absent one becomes the limit, and a limit
 *          above the pod's own is refused.
 */
#ifndef FARGUARD_MUTATE_RESOURCES_H
#define FARGUARD_MUTATE_RESOURCES_H

#include "webhook/mutate/plan.h"
#include "webhook/mutate/tree.h"

/* Set plan->requests for the pod. */
void resources_choose(struct plan *plan);

/* The "resources" of a container of ours, from the `configured` ones. */
struct json_object *resources_make(const struct plan *plan, struct json_object *configured,
                                   struct tree_build *build);

#endif
