/* hello.h - judge what came over the agent's socket: anyone in the pod may send. */
#ifndef FARGUARD_AGENT_HELLO_H
#define FARGUARD_AGENT_HELLO_H

#include <stdbool.h>
#include <stddef.h>

#include "injector/event/hello.h"

/* Copy the hello in `bytes` to `out`; false when it is not exactly one, well-formed. */
bool hello_take(struct hello *out, const void *bytes, size_t len);

/* The words of the coverage record, or NULL. */
const char *hello_pid1(const struct hello *hello);
const char *hello_no_new_privs(const struct hello *hello);

#endif
