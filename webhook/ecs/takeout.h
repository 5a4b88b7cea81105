/* takeout.h - the operations that take Farguard out of a task definition, found by names. */
#ifndef FARGUARD_ECS_TAKEOUT_H
#define FARGUARD_ECS_TAKEOUT_H

#include "webhook/ecs/task.h"

/* Into `ops`, which was initialised, for a task that task_read() took; none when nothing of ours
 * stands in it. */
void takeout_task(const struct task *task, struct ops *ops);

#endif
