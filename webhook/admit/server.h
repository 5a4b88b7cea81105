/* server.h - the two ports: admission by TLS, metrics by plain HTTP.
 *
 * Owns     Its sockets and threads, until server_stop().
 * Limits   SERVER_CONNECTION_COUNT connections, SERVER_CONNECTIONS_A_CLIENT from one address,
 *          SERVER_IDLE_S without a byte; SERVER_HEAD_BYTES a request's head and the answer's
 *          together; a thread for each processor, SERVER_THREADS_MIN to SERVER_THREADS_MAX.
 */
#ifndef FARGUARD_ADMIT_SERVER_H
#define FARGUARD_ADMIT_SERVER_H

#define SERVER_CONNECTION_COUNT     512u
#define SERVER_CONNECTIONS_A_CLIENT 256u
#define SERVER_IDLE_S               30u
#define SERVER_HEAD_BYTES           8192ul
#define SERVER_THREADS_MIN          2u /* one may wait for the API server */
#define SERVER_THREADS_MAX          4u

struct MHD_Daemon;
struct admit;
struct err;

struct server {
	struct MHD_Daemon *admission, *metrics;
	char admission_address[80], metrics_address[80]; /* as bound */
};

/* Serve; a certificate must be there (tls_serve()). */
int server_start(struct server *server, struct admit *admit, struct err *err);

/* Take no new connections, wait up to `wait_ms` for what is under way, and end. */
void server_stop(struct server *server, unsigned wait_ms);

#endif
