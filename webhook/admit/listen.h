/* listen.h - a listening socket for ":8443", "127.0.0.1:8443" or "[::1]:8443".
 *
 * Errors   -errno with a sentence that names the address.
 */
#ifndef FARGUARD_ADMIT_LISTEN_H
#define FARGUARD_ADMIT_LISTEN_H

#include <stddef.h>

struct err;

/* Without a host: every address of both families, or of IPv4 where there is no IPv6.  `*out_fd` is
 * the caller's; `out_address` is what was bound, which tells the port chosen for 0. */
int listen_open(const char *address, int *out_fd, char *out_address, size_t cap, struct err *err);

#endif
