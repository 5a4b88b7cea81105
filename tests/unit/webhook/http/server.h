/* server.h - an HTTP server on 127.0.0.1 that does right and wrong as a test asks, in a thread.
 *
 * Owns     Its listening socket and thread, from server_open() to server_close().
 * Limits   One connection at a time; the last request, up to SERVER_REQUEST_BYTES_MAX.
 */
#ifndef FARGUARD_TESTS_HTTP_SERVER_H
#define FARGUARD_TESTS_HTTP_SERVER_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/harness.h"

#define SERVER_REQUEST_BYTES_MAX (2u << 20)
#define SERVER_LARGE_BYTES       100000u

enum server_then {
	SERVER_KEEPS,  /* the connection open for the next request */
	SERVER_CLOSES, /* it */
	SERVER_STALLS, /* until the client goes */
	SERVER_DRIPS,  /* one byte every 400 ms, eight times */
	SERVER_POURS,  /* SERVER_LARGE_BYTES more */
	SERVER_NAMES,  /* headers without end */
};

struct server_answer {
	const char *path, *text;
	enum server_then then;
};

struct server {
	int fd, stop[2];
	unsigned port;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	unsigned connection_count, request_count;
	char request[SERVER_REQUEST_BYTES_MAX];
};

static const struct server_answer server_answers[] = {
        {"/ok", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", SERVER_KEEPS},
        {"/nul", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na\x01z", SERVER_KEEPS},
        {"/none", "HTTP/1.1 204 No Content\r\n\r\n", SERVER_KEEPS},
        {"/missing", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", SERVER_KEEPS},
        {"/named",
         "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"a\"\r\nContent-Length: 0\r\n"
         "www-authenticate:   Bearer realm=\"b\"  \r\n\r\n",
         SERVER_KEEPS},
        {"/head", "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", SERVER_KEEPS},
        {"/names-without-end", "HTTP/1.1 200 OK\r\n", SERVER_NAMES},
        {"/broken", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", SERVER_KEEPS},
        {"/chunked",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n2\r\n, \r\n"
         "5;x=y\r\nworld\r\n0\r\n\r\n",
         SERVER_KEEPS},
        {"/chunk-cut", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
         SERVER_CLOSES},
        {"/chunk-wrong", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
         SERVER_CLOSES},
        {"/redirect", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 5\r\n\r\nthere",
         SERVER_KEEPS},
        {"/to-the-end", "HTTP/1.1 200 OK\r\n\r\nhello", SERVER_CLOSES},
        {"/leaves", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", SERVER_CLOSES},
        {"/cut", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", SERVER_CLOSES},
        {"/nothing", "", SERVER_CLOSES},
        {"/garbage", "this is no HTTP at all\r\n", SERVER_CLOSES},
        {"/silent", "", SERVER_STALLS},
        {"/stall", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", SERVER_STALLS},
        {"/drip", "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n", SERVER_DRIPS},
        {"/large", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", SERVER_POURS},
        {"/large-error", "HTTP/1.1 500 No\r\nContent-Length: 100000\r\n\r\n", SERVER_POURS},
        {"/large-to-the-end", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", SERVER_POURS},
};

/* Waits until `fd` can be read, at most `ms` (-1: for ever); false when the test ends first. */
static bool server_wait(const struct server *server, int fd, int ms)
{
	struct pollfd fds[] = {{.fd = server->stop[0], .events = POLLIN},
	                       {.fd = fd, .events = POLLIN}};

	return poll(fds, 2, ms) >= 0 && !fds[0].revents;
}

/* The next request with its body; false when there is none. */
static bool server_read(struct server *server, int client, char *out)
{
	size_t len = 0, wanted = 0;

	while (wanted == 0 || len < wanted) {
		const char *end, *length;
		ssize_t n;

		if (len == SERVER_REQUEST_BYTES_MAX - 1 || !server_wait(server, client, -1))
			return false;
		n = recv(client, out + len, SERVER_REQUEST_BYTES_MAX - 1 - len, 0);
		if (n <= 0)
			return false;
		len += (size_t)n;
		out[len] = '\0';
		end = strstr(out, "\r\n\r\n");
		if (!end)
			continue;
		length = strcasestr(out, "\r\nContent-Length: ");
		wanted = (size_t)(end + 4 - out) +
		         (length && length < end ? strtoul(length + 18, NULL, 10) : 0);
	}
	return true;
}

static bool server_send(int client, const char *bytes, size_t len)
{
	return send(client, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* Returns whether the connection stays. */
static bool server_end(struct server *server, int client, enum server_then then)
{
	static char large[SERVER_LARGE_BYTES];
	char byte;

	if (then == SERVER_DRIPS)
		for (int i = 0; i < 8; i++)
			if (!server_wait(server, -1, 400) || !server_send(client, "x", 1))
				return false;
	if (then == SERVER_STALLS) {
		server_wait(server, client, -1);
		(void)!recv(client, &byte, 1, MSG_DONTWAIT);
	}
	if (then == SERVER_POURS) {
		memset(large, 'x', sizeof(large));
		return server_send(client, large, sizeof(large)) && false;
	}
	if (then == SERVER_NAMES)
		while (server_send(client, "X-Name: value\r\n", 15))
			;
	return then == SERVER_KEEPS || then == SERVER_DRIPS;
}

static void server_talk(struct server *server, int client)
{
	char *request = malloc(SERVER_REQUEST_BYTES_MAX);
	bool stays = request != NULL;

	while (stays && server_read(server, client, request)) {
		const struct server_answer *answer = NULL;
		size_t count = sizeof(server_answers) / sizeof(server_answers[0]);
		const char *path = strchr(request, ' ');

		for (size_t i = 0; path && i < count; i++) {
			size_t len = strlen(server_answers[i].path);

			if (strncmp(path + 1, server_answers[i].path, len) == 0 &&
			    strchr(" ?", path[1 + len]))
				answer = &server_answers[i];
		}
		pthread_mutex_lock(&server->lock);
		server->request_count++;
		memcpy(server->request, request, strlen(request) + 1);
		pthread_mutex_unlock(&server->lock);
		stays = answer && server_send(client, answer->text, strlen(answer->text)) &&
		        server_end(server, client, answer->then);
	}
	free(request);
}

static void *server_run(void *ctx)
{
	struct server *server = ctx;

	while (server_wait(server, server->fd, -1)) {
		int client = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);

		if (client < 0)
			continue;
		pthread_mutex_lock(&server->lock);
		server->connection_count++;
		pthread_mutex_unlock(&server->lock);
		server_talk(server, client);
		close(client);
	}
	return NULL;
}

static int server_listen(unsigned *out_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*out_port = ntohs(at.sin_port);
	return fd;
}

static struct server *server_open(void)
{
	struct server *server = calloc(1, sizeof(*server));

	assert_non_null(server);
	server->fd = server_listen(&server->port);
	assert_int_equal(pipe(server->stop), 0);
	pthread_mutex_init(&server->lock, NULL);
	assert_int_equal(pthread_create(&server->thread, NULL, server_run, server), 0);
	return server;
}

static void server_close(struct server *server)
{
	assert_int_equal(write(server->stop[1], "", 1), 1);
	pthread_join(server->thread, NULL);
	pthread_mutex_destroy(&server->lock);
	close(server->fd);
	close(server->stop[0]);
	close(server->stop[1]);
	free(server);
}

/* Whether the last request has `text` in it. */
static inline bool server_saw(struct server *server, const char *text)
{
	bool saw;

	pthread_mutex_lock(&server->lock);
	saw = strcasestr(server->request, text);
	pthread_mutex_unlock(&server->lock);
	return saw;
}

static inline unsigned server_count(struct server *server, const unsigned *counter)
{
	unsigned count;

	pthread_mutex_lock(&server->lock);
	count = *counter;
	pthread_mutex_unlock(&server->lock);
	return count;
}

#endif
