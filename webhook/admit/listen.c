#include "webhook/admit/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "injector/base/err.h"
#include "injector/base/own.h"

#define BACKLOG 512

static void infos_freep(struct addrinfo **infos)
{
	if (*infos)
		freeaddrinfo(*infos);
}

/* getaddrinfo(3) takes 65537 for 1. */
static bool is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && digits < 6 && !text[digits] && strtoul(text, NULL, 10) <= 65535;
}

/* Cut "HOST:PORT"; the brackets of an IPv6 address go. */
static int split(const char *address, char *host, size_t cap, const char **out_port)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon ? (size_t)(colon - address) : 0;

	if (!colon || len >= cap || !is_port(colon + 1))
		return -EINVAL;
	if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	}
	memcpy(host, address, len);
	host[len] = '\0';
	*out_port = colon + 1;
	return 0;
}

static int bind_one(const struct addrinfo *info)
{
	CLEANUP(fd_closep)
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, off = 0;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (info->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return fd_take(&fd);
}

static void describe(int fd, char *out, size_t cap)
{
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	char host[NI_MAXHOST] = "", port[NI_MAXSERV] = "";

	if (getsockname(fd, (struct sockaddr *)&bound, &len) == 0)
		getnameinfo((struct sockaddr *)&bound, len, host, sizeof(host), port, sizeof(port),
		            NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(out, cap, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

int listen_open(const char *address, int *out_fd, char *out_address, size_t cap, struct err *err)
{
	CLEANUP(infos_freep) struct addrinfo *infos = NULL;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
	                         .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
	char host[64];
	const char *port;
	int fd = -EINVAL;

	if (split(address, host, sizeof(host), &port) < 0)
		return err_set(err, EINVAL, "\"%.80s\" is no HOST:PORT", address);
	if (getaddrinfo(*host ? host : "::", port, &hints, &infos) != 0)
		return err_set(err, EINVAL, "\"%.80s\" is no HOST:PORT of numbers", address);
	fd = bind_one(infos);
	if (fd < 0 && fd != -EADDRINUSE && fd != -EACCES && !*host) {
		freeaddrinfo(TAKE(infos));
		if (getaddrinfo("0.0.0.0", port, &hints, &infos) == 0)
			fd = bind_one(infos);
	}
	if (fd < 0)
		return err_set(err, -fd, "%.80s: %s", address, strerror(-fd));
	describe(fd, out_address, cap);
	*out_fd = fd;
	return 0;
}
