/* handoff.h - one descriptor over a Unix socket. */
#ifndef FARGUARD_LAUNCH_HANDOFF_H
#define FARGUARD_LAUNCH_HANDOFF_H

#include <stddef.h>

/* Send `len` bytes, and `fd` with them unless it is negative, without waiting.  0 or -errno. */
int handoff_send(int sock, const void *bytes, size_t len, int fd);

/* Receive one byte and one descriptor (close-on-exec), within the socket's own time limit.
 * The descriptor, or -errno. */
int handoff_receive(int sock);

/* The same, of a message that stays where it is, and without waiting. */
int handoff_peek(int sock);

#endif
