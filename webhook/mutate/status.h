/* status.h - the annotation farguard.io/status: what was done, for people and for uninject. */
#ifndef FARGUARD_MUTATE_STATUS_H
#define FARGUARD_MUTATE_STATUS_H

#include "webhook/mutate/ops.h"
#include "webhook/mutate/plan.h"

/* The status of a pod that `ops` turns into `spec_after`.  What an earlier status of the same pod
 * says about undoing is kept. */
struct json_object *status_make(struct plan *plan, struct ops *ops, enum reason reason,
                                struct json_object *spec_after);

/* Add the operations that write it and what kubectl needs now that a container is not alone. */
void status_put(const struct plan *plan, struct ops *ops, struct json_object *status);

/* The only container of the pod, which kubectl took without a word and, with the annotation
 * ANNOTATION_DEFAULT, still does; NULL when there were more, or the pod says it itself. */
const char *status_default_container(const struct plan *plan);

/* The status in `pod`'s annotation, parsed; NULL when there is none that is JSON.  Caller puts. */
struct json_object *status_of(struct json_object *pod);

/* The same of any object that holds it as a text shorter than `bytes_max`. */
struct json_object *status_parse(struct json_object *holder, size_t bytes_max);

#endif
