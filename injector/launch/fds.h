/* fds.h - descriptors: ours out of the program's way, the program's out of our hands. */
#ifndef FARGUARD_LAUNCH_FDS_H
#define FARGUARD_LAUNCH_FDS_H

#include <stddef.h>

/* `fd`, or a duplicate of it above the three standard ones, which belong to the program; close-on-
 * exec.  The original is closed then.  Negative stays negative, with errno as it was. */
int fd_high(int fd);

/* Close every descriptor but the `count` in `keep` (negative ones are skipped; it is sorted); the
 * open ones of 0, 1, 2 become /dev/null.  So nobody who waits for the end of the program's output
 * waits for us. */
void fds_release(int *keep, size_t count);

#endif
