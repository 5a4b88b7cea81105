#include "webhook/http/peer.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/base64.h"
#include "injector/base/err.h"
#include "injector/base/own.h"
#include "injector/base/version.h"
#include "webhook/http/http.h"

static void wipe(char *bytes, size_t len)
{
	if (bytes)
		explicit_bzero(bytes, len);
	free(bytes);
}

static void wipe_textp(char **text)
{
	wipe(*text, *text ? strlen(*text) : 0);
}

static void wipe_list(struct curl_slist *list)
{
	for (struct curl_slist *at = list; at; at = at->next)
		explicit_bzero(at->data, strlen(at->data));
	curl_slist_free_all(list);
}

static bool keep(struct str *out, struct str bytes)
{
	char *copy;

	if (!bytes.len)
		return true;
	copy = malloc(bytes.len);
	if (!copy)
		return false;
	memcpy(copy, bytes.ptr, bytes.len);
	*out = (struct str){copy, bytes.len};
	return true;
}

static int append(struct curl_slist **list, const char *line, struct err *err)
{
	struct curl_slist *grown = curl_slist_append(*list, line);

	if (!grown)
		return err_set(err, ENOMEM, "no memory");
	*list = grown;
	return 0;
}

/* One that has a line feed would become two. */
static int add_header(struct peer *peer, const char *line, struct err *err)
{
	if (strpbrk(line, "\r\n"))
		return err_set(err, EINVAL, "a header of the requests has a line feed: %.40s",
		               line);
	return append(&peer->headers, line, err);
}

static int add_bearer(struct peer *peer, const char *token, struct err *err)
{
	CLEANUP(wipe_textp) char *line = NULL;

	if (strpbrk(token, "\r\n"))
		return err_set(err, EINVAL, "the token has a line feed");
	if (strlen(token) > HTTP_TOKEN_BYTES_MAX)
		return err_set(err, EFBIG, "the token is longer than %u bytes",
		               HTTP_TOKEN_BYTES_MAX);
	if (asprintf(&line, "Authorization: Bearer %s", token) < 0) {
		line = NULL;
		return err_set(err, ENOMEM, "no memory");
	}
	return add_header(peer, line, err);
}

static int add_basic(struct peer *peer, const char *user, const char *password, struct err *err)
{
	static const char scheme[] = "Authorization: Basic ";
	CLEANUP(wipe_textp) char *pair = NULL;
	CLEANUP(wipe_textp) char *line = NULL;
	size_t len;

	if (asprintf(&pair, "%s:%s", user, password ? password : "") < 0) {
		pair = NULL;
		return err_set(err, ENOMEM, "no memory");
	}
	len = strlen(pair);
	line = calloc(1, sizeof(scheme) + BASE64_BYTES(len));
	if (!line)
		return err_set(err, ENOMEM, "no memory");
	memcpy(line, scheme, sizeof(scheme) - 1);
	base64_format(pair, len, line + sizeof(scheme) - 1);
	return add_header(peer, line, err);
}

/* The parts of https://HOST[:PORT][/PATH]. */
struct parts {
	int host_len, port_len;
	const char *host, *port, *path;
};

static struct parts parts_of(const char *base)
{
	const char *host = strstr(base, "://") + 3, *path = host + strcspn(host, "/");
	const char *from = *host == '[' ? host + strcspn(host, "]") : host;
	const char *colon = memchr(from, ':', from < path ? (size_t)(path - from) : 0);
	struct parts parts = {.host = host, .port = "443", .port_len = 3, .path = path};

	parts.host_len = (int)((colon ? colon : path) - host);
	if (colon && colon + 1 < path) {
		parts.port = colon + 1;
		parts.port_len = (int)(path - parts.port);
	}
	return parts;
}

static bool has_other_name(const struct http_settings *settings)
{
	return settings->server_name && *settings->server_name;
}

char *peer_base(const struct http_settings *settings)
{
	struct parts parts;
	char *base = NULL;

	if (!has_other_name(settings))
		return strdup(settings->base);
	parts = parts_of(settings->base);
	if (asprintf(&base, "https://%s:%.*s%s", settings->server_name, parts.port_len, parts.port,
	             parts.path) < 0)
		return NULL;
	return base;
}

/* curl verifies the name in the URL, so the URL has the certificate's; the connection and the Host
 * header go where the server really is. */
static int add_other_name(struct peer *peer, const struct http_settings *settings, struct err *err)
{
	struct parts parts = parts_of(settings->base);
	const char *name = settings->server_name;
	char line[1024];
	int r;

	if (strncmp(settings->base, "https://", 8) != 0)
		return 0;
	if (strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") !=
	            strlen(name) ||
	    strlen(name) > 253)
		return err_set(err, EINVAL, "\"%.100s\" is no name of a server", name);
	snprintf(line, sizeof(line), "%s:%.*s:%.*s:%.*s", name, parts.port_len, parts.port,
	         parts.host_len, parts.host, parts.port_len, parts.port);
	r = append(&peer->connect_to, line, err);
	if (r < 0)
		return r;
	snprintf(line, sizeof(line), "Host: %.*s:%.*s", parts.host_len, parts.host, parts.port_len,
	         parts.port);
	return add_header(peer, line, err);
}

int peer_init(struct peer *peer, const struct http_settings *settings, struct err *err)
{
	int r = 0;

	*peer = (struct peer){.is_insecure = settings->is_insecure};
	peer->user_agent = strdup(settings->user_agent ? settings->user_agent
	                                               : "farguard-webhook/" FARGUARD_VERSION);
	peer->proxy = strdup(settings->proxy ? settings->proxy : "");
	peer->no_proxy = strdup(settings->no_proxy ? settings->no_proxy : "");
	if (!peer->user_agent || !peer->proxy || !peer->no_proxy ||
	    !keep(&peer->ca, settings->ca) || !keep(&peer->cert, settings->cert) ||
	    !keep(&peer->key, settings->key))
		return err_set(err, ENOMEM, "no memory");
	if (has_other_name(settings))
		r = add_other_name(peer, settings, err);
	if (r == 0 && settings->token)
		r = add_bearer(peer, settings->token, err);
	else if (r == 0 && settings->username)
		r = add_basic(peer, settings->username, settings->password, err);
	for (const char *const *line = settings->headers; r == 0 && line && *line; line++)
		r = add_header(peer, *line, err);
	return r;
}

void peer_done(struct peer *peer)
{
	wipe((char *)(uintptr_t)peer->ca.ptr, peer->ca.len);
	wipe((char *)(uintptr_t)peer->cert.ptr, peer->cert.len);
	wipe((char *)(uintptr_t)peer->key.ptr, peer->key.len);
	wipe_list(peer->headers);
	curl_slist_free_all(peer->connect_to);
	free(peer->user_agent);
	wipe_textp(&peer->proxy); /* a password may stand in it */
	free(peer->no_proxy);
	*peer = (struct peer){0};
}

static void set_blob(CURL *curl, CURLoption option, struct str bytes)
{
	struct curl_blob blob = {
	        .data = (void *)(uintptr_t)bytes.ptr, .len = bytes.len, .flags = CURL_BLOB_NOCOPY};

	if (bytes.len)
		curl_easy_setopt(curl, option, &blob);
}

void peer_set(const struct peer *peer, CURL *curl)
{
	curl_easy_setopt(curl, CURLOPT_USERAGENT, peer->user_agent);
	curl_easy_setopt(curl, CURLOPT_PROXY, peer->proxy);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, peer->no_proxy);
	curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	set_blob(curl, CURLOPT_CAINFO_BLOB, peer->ca);
	set_blob(curl, CURLOPT_SSLCERT_BLOB, peer->cert);
	set_blob(curl, CURLOPT_SSLKEY_BLOB, peer->key);
	if (peer->ca.len) {
		/* Only the authority given: the machine's own list must not count as well. */
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
		curl_easy_setopt(curl, CURLOPT_CA_CACHE_TIMEOUT, 0L);
	}
	/* A key with a passphrase is refused; without this OpenSSL asks at the terminal. */
	if (peer->key.len)
		curl_easy_setopt(curl, CURLOPT_KEYPASSWD, "");
	if (peer->is_insecure) {
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (peer->connect_to)
		curl_easy_setopt(curl, CURLOPT_CONNECT_TO, peer->connect_to);
}
