/* user.h - the credentials that a kubeconfig's user has. */
#ifndef FARGUARD_KUBECONFIG_USER_H
#define FARGUARD_KUBECONFIG_USER_H

#include "webhook/kubeconfig/choice.h"

/* Read the user `entry` into `choice`.  Returns as choice_make(). */
int user_read(struct choice *choice, struct entry entry, struct err *err);

#endif
