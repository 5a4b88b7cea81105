/* resources.h - what Farguard's own containers may use and what they request.
 *
 * Why      A request buys a larger Fargate size, an absent one becomes the limit, a limit above the
 *          pod's own is refused, and so is what a LimitRange or a ResourceQuota does not take.
 */
#ifndef FARGUARD_MUTATE_RESOURCES_H
#define FARGUARD_MUTATE_RESOURCES_H

#include "webhook/mutate/plan.h"

/* Set the amounts of plan->ours for those of our containers that the pod lacks.  Returns
 * REASON_INJECTED, or why nothing fits, with plan->detail. */
enum reason resources_choose(struct plan *plan);

#endif
