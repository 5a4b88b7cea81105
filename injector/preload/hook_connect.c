/* hook_connect.c - connections that a program asks for. */
#include <sys/socket.h>

#include "injector/preload/hook.h"
#include "injector/preload/text.h"

typedef int connect_fn(int fd, const struct sockaddr *address, socklen_t len);

/* By its assembler name: glibc declares the address as a union of every kind of it. */
HOOK int hook_connect(int fd, const struct sockaddr *address, socklen_t len) __asm__("connect");

static void report(const struct sockaddr *address, socklen_t len, int result)
{
	struct text_probe probe = {0};

	/* Refused for its descriptor, the address may never have been looked at. */
	if (len < sizeof(sa_family_t))
		return;
	if (!text_probe(&probe, address, sizeof(sa_family_t)))
		return;
	/* AF_UNSPEC dissolves an association: that is no connection. */
	if (address->sa_family != AF_UNSPEC)
		emit_connect(address, len, result);
}

int hook_connect(int fd, const struct sockaddr *address, socklen_t len)
{
	static struct symbol symbol = {.name = "connect"};
	connect_fn *next = (connect_fn *)symbol_next(&symbol);
	int result = next ? next(fd, address, len) : hook_result(SYS3(connect, fd, address, len));

	if (channel_ring())
		report(address, len, result == 0 ? 0 : hook_error());
	return result;
}
