/* choose.h - whether a task definition is injected, and which of its containers are covered. */
#ifndef FARGUARD_ECS_CHOOSE_H
#define FARGUARD_ECS_CHOOSE_H

#include "webhook/ecs/task.h"

/* Decide about a task that task_read() took.  REASON_INJECTED: inject it, or put what is missing;
 * any other: leave it alone, for what `detail` says. */
enum reason choose_make(struct task *task, const char *inject);

/* Whether the variable LD_PRELOAD is to be added to the container, which has none. */
bool choose_adds_preload(const struct task *task, const struct task_container *c);

#endif
