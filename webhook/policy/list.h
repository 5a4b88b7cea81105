/* list.h - fill and empty a policy_list. */
#ifndef FARGUARD_POLICY_LIST_H
#define FARGUARD_POLICY_LIST_H

#include "webhook/policy/policy.h"

/* Append a copy of `text`.  Returns 0 or -ENOMEM. */
int list_push(struct policy_list *list, const char *text);

/* Free what is in the list and leave it empty. */
void list_done(struct policy_list *list);

#endif
