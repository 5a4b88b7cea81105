/* check.h - whether a patched pod is what was meant, before anybody sees the patch.
 *
 * Why      In doubt the pod stays as it was: a wrong patch would break somebody's pod.
 */
#ifndef FARGUARD_MUTATE_CHECK_H
#define FARGUARD_MUTATE_CHECK_H

#include "webhook/mutate/plan.h"

/* `after` is a copy of plan->pod, apply_copy()'s, with its patch applied, and `status` its status:
 * nothing is missing, every mount of ours has its volume, names are unique, and undoing it, which
 * happens in `after` itself, gives what undoing plan->pod gives (the pod itself, when it was not
 * injected).  Returns 0, or -EBADE with what is wrong in `detail`, or -ENOMEM. */
int check_patched(const struct plan *plan, struct json_object *after, struct json_object *status,
                  char *detail, size_t cap);

#endif
