#include "webhook/admit/crowd.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "injector/base/clock.h"

struct guest {
	struct guest *prev, *next;
	int fd;
	uint64_t since_ms; /* when its next head could have begun */
	bool is_served;    /* its head is there */
	bool is_leaving;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct guest *first;
static unsigned count;

static void send_one_away(void)
{
	struct guest *longest = NULL;

	for (struct guest *guest = first; guest; guest = guest->next)
		if (!guest->is_served && !guest->is_leaving &&
		    (!longest || guest->since_ms <= longest->since_ms))
			longest = guest;
	if (!longest)
		return;
	longest->is_leaving = true;
	shutdown(longest->fd, SHUT_RDWR);
}

static void enter(struct MHD_Connection *connection, void **context)
{
	const union MHD_ConnectionInfo *info =
	        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct guest *guest = info ? calloc(1, sizeof(*guest)) : NULL;

	*context = guest;
	if (!guest)
		return;
	guest->fd = info->connect_fd;
	guest->since_ms = clock_ms();
	pthread_mutex_lock(&lock);
	guest->next = first;
	if (first)
		first->prev = guest;
	first = guest;
	if (++count > CROWD_COUNT)
		send_one_away();
	pthread_mutex_unlock(&lock);
}

static void leave(void **context)
{
	struct guest *guest = *context;

	*context = NULL;
	if (!guest)
		return;
	/* libmicrohttpd closes the descriptor afterwards: none in the list is another's by now. */
	pthread_mutex_lock(&lock);
	*(guest->prev ? &guest->prev->next : &first) = guest->next;
	if (guest->next)
		guest->next->prev = guest->prev;
	count--;
	pthread_mutex_unlock(&lock);
	free(guest);
}

void crowd_notify(void *cls, struct MHD_Connection *connection, void **context,
                  enum MHD_ConnectionNotificationCode what)
{
	(void)cls;
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		enter(connection, context);
	else
		leave(context);
}

static void mark(struct MHD_Connection *connection, bool is_served)
{
	const union MHD_ConnectionInfo *info =
	        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct guest *guest = info ? info->socket_context : NULL;

	if (!guest)
		return;
	pthread_mutex_lock(&lock);
	guest->is_served = is_served;
	guest->since_ms = clock_ms();
	pthread_mutex_unlock(&lock);
}

void crowd_begin(struct MHD_Connection *connection)
{
	mark(connection, true);
}

void crowd_end(struct MHD_Connection *connection)
{
	mark(connection, false);
}
