/* launchers.h - how many launchers there are in the pod, whether they said hello or not.
 *
 * Why      A launcher listens at the name of its ring as long as it runs, and the containers of a
 *          pod share one list of such names.  That a name is there proves little, since anyone can
 *          take one; that none is there proves that no launcher runs which could take it.
 */
#ifndef FARGUARD_AGENT_LAUNCHERS_H
#define FARGUARD_AGENT_LAUNCHERS_H

#include <stddef.h>

/* The ring sockets in the lines of /proc/net/unix that `text` holds; a last line without its
 * newline is not looked at. */
unsigned launchers_in(const char *text, size_t len);

/* ... in that file of this process's network namespace; UINT_MAX when it is too long to be read
 * whole, 0 when it cannot be read. */
unsigned launchers_count(void);

#endif
