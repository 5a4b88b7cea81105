/* users.h - the names of the container's users, for the agent, which cannot see them. */
#ifndef FARGUARD_LAUNCH_USERS_H
#define FARGUARD_LAUNCH_USERS_H

#include <stddef.h>

/* Write "UID:NAME\n" for each well-formed line of passwd(5) text `bytes` that fits, whole lines
 * only, and a NUL. */
void users_format(const char *bytes, size_t len, char *out, size_t cap);

/* users_format() of /etc/passwd; "" when it cannot be read. */
void users_read(char *out, size_t cap);

#endif
