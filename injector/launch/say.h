/* say.h - one line on stderr, without stdio: a launcher is in every container. */
#ifndef FARGUARD_LAUNCH_SAY_H
#define FARGUARD_LAUNCH_SAY_H

#include <stddef.h>

/* Write "farguard: " and the parts (up to a NULL) to stderr in one write(2). */
void say(const char *first, ...) __attribute__((sentinel));

/* `fd`, or a duplicate of it above the three standard ones, which belong to the program; close-on-
 * exec.  The original is closed then.  Negative stays negative. */
int fd_high(int fd);

#endif
