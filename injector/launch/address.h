/* address.h - abstract Unix socket addresses of the contract. */
#ifndef FARGUARD_LAUNCH_ADDRESS_H
#define FARGUARD_LAUNCH_ADDRESS_H

#include <sys/socket.h>
#include <sys/un.h>

/* The abstract address `prefix` + `suffix`; returns its length, or 0 when it does not fit. */
socklen_t address_make(struct sockaddr_un *out, const char *prefix, const char *suffix);

/* The ring socket of this process's mount namespace; 0 when that cannot be told. */
socklen_t address_of_ring(struct sockaddr_un *out);

/* Pid of the process at the other end as this PID namespace numbers it; 0 when it cannot see it. */
int address_peer(int sock);

#endif
