/* select.h - whether a container is covered, and how. */
#ifndef FARGUARD_MUTATE_SELECT_H
#define FARGUARD_MUTATE_SELECT_H

#include "webhook/mutate/plan.h"

/* Set selected, covered, how and reason of `c`; its image is looked up where that helps. */
void select_container(struct plan *plan, struct plan_container *c);

/* Why the pod or the configuration leaves the container out, in the contract's word, or NULL. */
const char *select_refuses(const struct plan *plan, const struct plan_container *c);

#endif
