/* local.h - which addresses are this machine's own.
 *
 * Why      Two rules hang on it: without TLS we talk to this machine only, and to an address
 *          that a stranger wrote we do not talk when it leads back here.
 * Threads  Pure.
 */
#ifndef FARGUARD_HTTP_LOCAL_H
#define FARGUARD_HTTP_LOCAL_H

#include <stdbool.h>

struct sockaddr;

/* Whether `text` begins with a loopback address, then ends or goes on with a port or a path.  No
 * name is one: what it stands for is known only later. */
bool local_is_loopback(const char *text);

/* Whether `address` is loopback, link-local (metadata services are) or no address at all. */
bool local_is_near(const struct sockaddr *address);

#endif
