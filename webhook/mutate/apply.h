/* apply.h - apply a patch to a copy that shares what the patch does not touch.
 *
 * Why      The self-check applies every patch before it is sent.  A deep copy of a pod costs as
 *          much as parsing it did; copying only the nodes on the operations' paths does not.
 * Owns     The returned tree; nodes it shares with `doc` and the patch are counted references,
 *          and keys are borrowed: both must outlive it.
 */
#ifndef FARGUARD_MUTATE_APPLY_H
#define FARGUARD_MUTATE_APPLY_H

#include <json-c/json.h>

#include "webhook/mutate/ops.h"

struct err;

/* Returns the patched copy, for json_object_put(), or NULL with `err` set.  `doc`, itself or a
 * tree that apply_copy() returned, is not changed. */
struct json_object *apply_copy(struct json_object *doc, const struct op *list, size_t count,
                               struct err *err);

/* Apply more operations to what apply_copy() returned.  Returns 0, or -errno with `err` set and
 * `copy` half changed. */
int apply_more(struct json_object *copy, const struct op *list, size_t count, struct err *err);

#endif
