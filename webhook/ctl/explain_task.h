/* explain_task.h - explain_pod() for an ECS task definition.
 *
 * A task says its own size and nothing of ours changes it, so there is no arithmetic.
 */
#ifndef FARGUARD_CTL_EXPLAIN_TASK_H
#define FARGUARD_CTL_EXPLAIN_TASK_H

#include "webhook/mutate/explain.h"

/* Explain what ecs_inject() does to `document`; `inject` is what stands for the namespace's
 * farguard.io/inject, or NULL.  explain_done() afterwards; `has_spec` stays false. */
void explain_task(const struct policy *policy, const char *inject, struct json_object *document,
                  struct explain *out);

#endif
