/* edit.h - write the operations that inject a pod, or that put back what is missing in it. */
#ifndef FARGUARD_MUTATE_EDIT_H
#define FARGUARD_MUTATE_EDIT_H

#include "webhook/mutate/ops.h"
#include "webhook/mutate/plan.h"

/* Append what `plan` asks for and the pod does not have yet; nothing when it is all there.  The
 * status annotation is not part of it. */
void edit_pod(const struct plan *plan, struct ops *ops);

/* The operations that cover an ephemeral container, which c->index tells. */
void edit_ephemeral(const struct plan *plan, struct ops *ops, const struct plan_container *c);

#endif
