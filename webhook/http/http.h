/* http.h - one bounded HTTP client, for the API server and for image registries.
 *
 * Why      Every call has a deadline and a cap on what it keeps; nothing follows a redirect, obeys
 *          a proxy that is not given, or accepts a server that the given authority did not sign,
 *          unless is_insecure asks for that.
 * Owns     The connection, kept open between calls, and the texts in http_settings.
 * Limits   HTTP_BODY_BYTES_MAX unless the call says less; HTTP_HEAD_BYTES_MAX for what stands
 *          before it; HTTP_TOKEN_BYTES_MAX for the token.
 * Threads  One thread a client; http_stop() from any.
 * Errors   -errno: -ETIMEDOUT, -ECONNREFUSED, -EPROTO (TLS or HTTP), -EFBIG, -ECANCELED, -ENOMEM,
 *          -EIO.  A status other than 2xx is no error of the call.
 */
#ifndef FARGUARD_HTTP_HTTP_H
#define FARGUARD_HTTP_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "injector/base/str.h"

#define HTTP_BODY_BYTES_MAX  (64u << 20)
#define HTTP_TOKEN_BYTES_MAX (16u << 10)
#define HTTP_HEAD_BYTES_MAX  (64u << 10)
#define HTTP_URL_BYTES_MAX   8192 /* storage behind registries signs its addresses at length */

struct err;

struct http_settings {
	const char *base;       /* https://HOST[:PORT], or http:// on loopback */
	const char *ca_file;    /* PEM: the only authorities that count; NULL: the machine's */
	long ca_keep_s;         /* how long what ca_file said holds; 0: read for each connection */
	const char *token_file; /* bearer token, read again for each call; NULL for none */
	/* Copied like the rest; leave out what does not apply. */
	struct str ca;           /* PEM, instead of ca_file */
	struct str cert, key;    /* PEM: the client's own */
	const char *token;       /* bearer token */
	const char *username;    /* for basic authentication */
	const char *password;    /* belongs to it */
	const char *server_name; /* that the certificate is for, when it is not base's host */
	bool is_insecure;        /* any certificate will do */
	const char *user_agent;
	const char *proxy;          /* http://, https:// or socks5:// HOST:PORT; NULL for none */
	const char *no_proxy;       /* names that are reached without it, as in NO_PROXY */
	const char *const *headers; /* further lines of every call; ends with NULL */
};

struct http;

/* Part of a body; a negative return ends the call with that error. */
typedef int http_chunk_fn(void *ctx, const char *bytes, size_t len);

/* A request that is signed for an AWS service (Signature Version 4). */
struct http_aws {
	const char *region, *service;
	const char *key_id, *secret;
};

struct http_request {
	const char *method; /* GET, HEAD, PUT, POST, PATCH */
	const char *path;   /* from the first '/', with its query */
	const char *type;   /* of the body; NULL without one */
	const char *body;
	size_t body_len;
	const char *accept;         /* NULL means application/json */
	const char *const *headers; /* more lines, "Name: value", up to NULL; or NULL */
	const struct http_aws *aws; /* NULL: not signed */
	bool remote_only;           /* an address of local_is_near() is not connected to */
	long timeout_ms;            /* the whole call; 0 for none (a watch) */
	long idle_s;                /* give up after so long without a byte; 0 for none */
	size_t body_bytes_max;   /* of the answer; 0 means HTTP_BODY_BYTES_MAX; a 2xx that goes to
	                            on_chunk is not counted */
	http_chunk_fn *on_chunk; /* takes a 2xx body as it comes; else it is kept whole */
	void *ctx;
};

struct http_response {
	long status;
	char *body; /* NUL-terminated */
	size_t len;
};

/* Call once, before other threads start, and at the end. */
int http_init(void);
void http_exit(void);

/* Returns 0, -EINVAL (a base that is no https:// URL, nor http:// on loopback; a credential that
 * cannot stand in a header), or -ENOMEM. */
int http_open(struct http **out, const struct http_settings *settings, struct err *err);
void http_close(struct http *http);

/* Ask another server from now on, as http_open() would; connections to the former stay open.  Only
 * for a client that was opened without credentials and server_name. */
int http_turn(struct http *http, const char *base, struct err *err);

/* Do one call.  `out` is the caller's to give to http_response_done(), also after a failure. */
int http_call(struct http *http, const struct http_request *request, struct http_response *out,
              struct err *err);
void http_response_done(struct http_response *response);

/* The value of the `nth` header (from 0) of that name in the last answer, or NULL; valid until the
 * next call. */
const char *http_header(struct http *http, const char *name, size_t nth);

/* End the running call and all later ones with -ECANCELED, within a second. */
void http_stop(struct http *http);

#endif
