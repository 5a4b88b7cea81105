/* label.h - the docker label farguard.io/status of farguard-install: what was done, for people and
 * for uninject.
 *
 * Why      A tag's value has 256 characters at most; a docker label is bounded by the definition's
 *          64 KiB only, and goes with the container when that goes.
 */
#ifndef FARGUARD_ECS_LABEL_H
#define FARGUARD_ECS_LABEL_H

#include "webhook/ecs/task.h"

/* The status of a task that `ops` rewrites.  Consumes `old`, the one before or NULL: what it says
 * about undoing is kept. */
struct json_object *label_make(const struct task *task, struct ops *ops, enum reason reason,
                               struct json_object *old);

/* `status` as the label's text. */
struct json_object *label_text(struct json_object *status, struct tree_build *build);

/* The status in the label of `install`; NULL when there is none that is JSON.  Caller puts. */
struct json_object *label_of(struct json_object *install);

#endif
