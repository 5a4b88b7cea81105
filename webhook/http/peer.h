/* peer.h - who the server must be, and who we are: what http_settings says beyond files.
 *
 * Why      A kubeconfig holds certificates and keys as text: libcurl takes them from memory, and
 *          none of them is ever written to a disk.
 * Owns     Copies of everything, wiped by peer_done().
 */
#ifndef FARGUARD_HTTP_PEER_H
#define FARGUARD_HTTP_PEER_H

#include <curl/curl.h>
#include <stdbool.h>

#include "injector/base/str.h"

struct err;
struct http_settings;

struct peer {
	struct str ca, cert, key; /* PEM, malloc'ed; ptr NULL for none */
	bool is_insecure;
	struct curl_slist *headers;    /* lines of every call, Authorization among them */
	struct curl_slist *connect_to; /* where the certificate's name is really found */
	char *user_agent, *proxy, *no_proxy;
};

/* Returns 0, -EINVAL (a line feed in a credential, a server name that is none) or -ENOMEM, with
 * `err` set; peer_done() either way. */
int peer_init(struct peer *peer, const struct http_settings *settings, struct err *err);
void peer_done(struct peer *peer);

/* `settings->base`, with the certificate's name as its host where it has another one; for free(),
 * NULL without memory. */
char *peer_base(const struct http_settings *settings);

/* Set the options of one call. */
void peer_set(const struct peer *peer, CURL *curl);

#endif
