/* say.h - one line on stderr, without stdio: a launcher is in every container. */
#ifndef FARGUARD_LAUNCH_SAY_H
#define FARGUARD_LAUNCH_SAY_H

/* Write "farguard: " and the parts (up to a NULL) to stderr in one write(2). */
void say(const char *first, ...) __attribute__((sentinel));

#endif
