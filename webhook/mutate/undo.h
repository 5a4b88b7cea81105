/* undo.h - mutate_undo() for a pod that was looked at already. */
#ifndef FARGUARD_MUTATE_UNDO_H
#define FARGUARD_MUTATE_UNDO_H

#include "webhook/mutate/ops.h"

/* mutate_undo() of a pod whose shape was checked and whose status annotation says `status`, which
 * may be NULL: its operations into `ops`, which was initialised. */
void undo_make(struct json_object *pod, struct json_object *status, struct ops *ops);

#endif
