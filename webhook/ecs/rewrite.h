/* rewrite.h - the operations that put Farguard into a task definition, or what is missing of it. */
#ifndef FARGUARD_ECS_REWRITE_H
#define FARGUARD_ECS_REWRITE_H

#include "webhook/ecs/task.h"

/* All but the label, into `ops`, which was initialised, for a task that choose_make() took. */
void rewrite_task(const struct task *task, struct ops *ops);

/* The label with the status: into farguard-install as rewrite_task() adds it, or as it stands
 * there.  `reason` is injected or repaired.  Returns the status, for json_object_put(). */
struct json_object *rewrite_label(const struct task *task, struct ops *ops, enum reason reason);

#endif
