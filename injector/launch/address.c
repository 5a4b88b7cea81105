/* address.c - names that every container of the pod can reach: they share the network namespace. */
#include "injector/launch/address.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "injector/base/contract.h"

socklen_t address_make(struct sockaddr_un *out, const char *prefix, const char *suffix)
{
	size_t a = strlen(prefix), b = strlen(suffix);

	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (1 + a + b > sizeof(out->sun_path))
		return 0;
	memcpy(out->sun_path + 1, prefix, a);
	memcpy(out->sun_path + 1 + a, suffix, b);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + a + b);
}

socklen_t address_of_ring(struct sockaddr_un *out)
{
	char link[64], digits[64];
	ssize_t n = readlink("/proc/self/ns/mnt", link, sizeof(link)), i;
	size_t len = 0;

	for (i = 0; i < n; i++)
		if (isdigit((unsigned char)link[i]))
			digits[len++] = link[i];
	digits[len] = '\0';
	return len ? address_make(out, CONTRACT_RING_SOCKET_PREFIX, digits) : 0;
}

int address_peer(int sock)
{
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);

	return getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 ? peer.pid : 0;
}
