#include "webhook/admit/server.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <sched.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/admit/admit.h"
#include "webhook/admit/config.h"
#include "webhook/admit/crowd.h"
#include "webhook/admit/exchange.h"
#include "webhook/admit/listen.h"
#include "webhook/admit/pages.h"
#include "webhook/admit/tls.h"
#include "webhook/policy/policy.h"

/* TLS 1.2 and 1.3 only: https://www.rfc-editor.org/rfc/rfc8996.  AES-128-GCM first, as in Go: the
 * handshake of AES-256-GCM hashes by SHA-384, for which processors have no instructions. */
#define PRIORITIES                                                                                 \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"                                               \
	":-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305"                                \
	":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:%SERVER_PRECEDENCE"

static_assert(CROWD_COUNT < SERVER_CONNECTION_COUNT, "places are given anew before none is left");

static unsigned thread_count(void)
{
	cpu_set_t ours;
	int count = sched_getaffinity(0, sizeof(ours), &ours) == 0 ? CPU_COUNT(&ours) : 0;

	if (count > (int)SERVER_THREADS_MAX)
		return SERVER_THREADS_MAX;
	return count > (int)SERVER_THREADS_MIN ? (unsigned)count : SERVER_THREADS_MIN;
}

/* By poll(): with epoll libmicrohttpd 0.9.75 turns in circles while a handshake waits for its
 * client, so that one who stops in the middle holds a processor. */
static int start_admission(struct server *server, struct admit *admit, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	const struct policy *policy = config_get(admit->config);
	int r = listen_open(policy->server.listen, &fd, server->admission_address,
	                    sizeof(server->admission_address), err);

	config_put(admit->config, policy);
	if (r < 0)
		return err_wrap(err, "server.listen");
	server->admission = MHD_start_daemon(
	        MHD_USE_POLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS | MHD_USE_ITC, 0, NULL,
	        NULL, exchange_step, admit, MHD_OPTION_LISTEN_SOCKET, fd,
	        MHD_OPTION_HTTPS_CERT_CALLBACK2, tls_retrieve, MHD_OPTION_HTTPS_PRIORITIES,
	        PRIORITIES, MHD_OPTION_NOTIFY_COMPLETED, exchange_end, NULL,
	        MHD_OPTION_NOTIFY_CONNECTION, crowd_notify, NULL, MHD_OPTION_THREAD_POOL_SIZE,
	        thread_count(), MHD_OPTION_CONNECTION_LIMIT, SERVER_CONNECTION_COUNT,
	        MHD_OPTION_PER_IP_CONNECTION_LIMIT, SERVER_CONNECTIONS_A_CLIENT,
	        MHD_OPTION_CONNECTION_TIMEOUT, SERVER_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	        SERVER_HEAD_BYTES, MHD_OPTION_END);
	if (!server->admission)
		return err_set(err, EIO, "server.listen: TLS cannot be served on %s",
		               server->admission_address);
	fd_take(&fd);
	return 0;
}

static int start_metrics(struct server *server, struct admit *admit, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	const struct policy *policy = config_get(admit->config);
	int r = listen_open(policy->server.metrics, &fd, server->metrics_address,
	                    sizeof(server->metrics_address), err);

	config_put(admit->config, policy);
	if (r < 0)
		return err_wrap(err, "server.metrics");
	server->metrics = MHD_start_daemon(
	        MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, pages_step, admit,
	        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, 64u,
	        MHD_OPTION_CONNECTION_TIMEOUT, 10u, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	        SERVER_HEAD_BYTES, MHD_OPTION_END);
	if (!server->metrics)
		return err_set(err, EIO, "server.metrics: cannot be served on %s",
		               server->metrics_address);
	fd_take(&fd);
	return 0;
}

int server_start(struct server *server, struct admit *admit, struct err *err)
{
	int r;

	*server = (struct server){0};
	r = start_admission(server, admit, err);
	if (r == 0)
		r = start_metrics(server, admit, err);
	if (r < 0)
		server_stop(server, 0);
	return r;
}

void server_stop(struct server *server, unsigned wait_ms)
{
	const struct timespec step = {.tv_nsec = 10000000};

	if (server->admission) {
		int fd = MHD_quiesce_daemon(server->admission);

		for (unsigned waited = 0; exchange_running() && waited < wait_ms; waited += 10)
			nanosleep(&step, NULL);
		MHD_stop_daemon(server->admission);
		fd_closep(&fd);
	}
	if (server->metrics)
		MHD_stop_daemon(server->metrics);
	server->admission = server->metrics = NULL;
}
