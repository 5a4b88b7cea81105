#include "webhook/http/http.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/http/local.h"
#include "webhook/http/peer.h"

#define CONNECT_TIMEOUT_MS 5000L

struct http {
	CURL *curl;
	char *base, *ca_file, *token_file;
	long ca_keep_s;
	struct peer peer;
	atomic_bool is_stopped;
	char text[CURL_ERROR_SIZE];
};

struct call {
	struct http *http;
	const struct http_request *request;
	struct http_response *out;
	size_t cap, bytes_max, head_bytes;
	int failed; /* -errno of a callback */
};

static void headers_freep(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

int http_init(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -ENOMEM;
}

void http_exit(void)
{
	curl_global_cleanup();
}

/* Of "https:///x" and of "https://" curl would make the host "x", or what the path begins with. */
static bool begins_with_host(const char *text)
{
	return *text && !strchr("/:\\", *text);
}

/* Without TLS anyone on the way reads the token: only to this machine. */
static bool is_base(const char *base)
{
	return base && strlen(base) < 512 && !strpbrk(base, " \t\r\n@?#") &&
	       ((strncmp(base, "https://", 8) == 0 && begins_with_host(base + 8)) ||
	        (strncmp(base, "http://", 7) == 0 && local_is_loopback(base + 7)));
}

static char *copy(const char *text, bool *out_failed)
{
	char *copied = text ? strdup(text) : NULL;

	*out_failed |= text && !copied;
	return copied;
}

/* The path begins with one. */
static void strip_slashes(char *base)
{
	for (size_t len = strlen(base); len && base[len - 1] == '/'; len--)
		base[len - 1] = '\0';
}

int http_open(struct http **out, const struct http_settings *settings, struct err *err)
{
	struct http *http;
	bool failed = false;
	int r;

	if (!is_base(settings->base))
		return err_set(err, EINVAL, "\"%.100s\" is no https:// address of a server",
		               settings->base ? settings->base : "");
	http = calloc(1, sizeof(*http));
	if (!http)
		return err_set(err, ENOMEM, "no memory");
	http->base = peer_base(settings);
	http->ca_file = copy(settings->ca_file, &failed);
	http->token_file = copy(settings->token_file, &failed);
	http->ca_keep_s = settings->ca_keep_s;
	http->curl = curl_easy_init();
	r = failed || !http->base || !http->curl ? err_set(err, ENOMEM, "no memory")
	                                         : peer_init(&http->peer, settings, err);
	if (r < 0) {
		http_close(http);
		return r;
	}
	strip_slashes(http->base);
	*out = http;
	return 0;
}

int http_turn(struct http *http, const char *base, struct err *err)
{
	struct http_settings settings = {.base = base};
	char *turned;

	/* They are for the first server alone. */
	assert(!http->token_file && !http->peer.headers && !http->peer.connect_to);
	if (!is_base(base))
		return err_set(err, EINVAL, "\"%.100s\" is no https:// address of a server",
		               base ? base : "");
	turned = peer_base(&settings);
	if (!turned)
		return err_set(err, ENOMEM, "no memory");
	strip_slashes(turned);
	free(http->base);
	http->base = turned;
	return 0;
}

void http_close(struct http *http)
{
	if (!http)
		return;
	curl_easy_cleanup(http->curl);
	peer_done(&http->peer);
	free(http->base);
	free(http->ca_file);
	free(http->token_file);
	free(http);
}

void http_stop(struct http *http)
{
	atomic_store(&http->is_stopped, true);
}

void http_response_done(struct http_response *response)
{
	free(response->body);
	*response = (struct http_response){0};
}

static int keep(struct call *call, const char *bytes, size_t len)
{
	struct http_response *out = call->out;

	if (len > call->bytes_max - out->len)
		return -EFBIG;
	if (out->len + len + 1 > call->cap) {
		size_t cap = call->cap ? call->cap : 4096;
		char *grown;

		while (cap < out->len + len + 1)
			cap *= 2;
		grown = realloc(out->body, cap);
		if (!grown)
			return -ENOMEM;
		out->body = grown;
		call->cap = cap;
	}
	memcpy(out->body + out->len, bytes, len);
	out->len += len;
	out->body[out->len] = '\0';
	return 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct call *call = ctx;
	size_t len = size * count;
	long status = 0;

	curl_easy_getinfo(call->http->curl, CURLINFO_RESPONSE_CODE, &status);
	if (call->request->on_chunk && status >= 200 && status < 300)
		call->failed = call->request->on_chunk(call->request->ctx, bytes, len);
	else
		call->failed = keep(call, bytes, len);
	return call->failed < 0 ? CURL_WRITEFUNC_ERROR : len;
}

/* curl keeps the head of an answer, however long it is. */
static size_t on_head(char *bytes, size_t size, size_t count, void *ctx)
{
	struct call *call = ctx;

	(void)bytes;
	if (size * count > HTTP_HEAD_BYTES_MAX - call->head_bytes) {
		call->failed = -EFBIG;
		return CURL_WRITEFUNC_ERROR;
	}
	call->head_bytes += size * count;
	return size * count;
}

static curl_socket_t open_remote(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)ctx;
	(void)purpose;
	if (local_is_near(&address->addr))
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct call *call = ctx;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return atomic_load(&call->http->is_stopped);
}

/* The kubelet replaces the file about hourly, by renaming a directory. */
static int read_token(const char *path, char *out, size_t cap, struct err *err)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;

	if (fd < 0)
		return err_set(err, errno, "%.150s: %s", path, strerror(errno));
	while (len < cap) {
		ssize_t n = read(fd, out + len, cap - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, errno, "%.150s: %s", path, strerror(errno));
		if (n == 0)
			break;
		len += (size_t)n;
	}
	if (len == cap)
		return err_set(err, EFBIG, "%.150s: no token of this size", path);
	out[len] = '\0';
	len = strcspn(out, "\r\n");
	out[len] = '\0';
	return len ? 0 : err_set(err, EINVAL, "%.150s: empty", path);
}

static int add_header(struct curl_slist **list, const char *text)
{
	struct curl_slist *grown = curl_slist_append(*list, text);

	if (!grown)
		return -ENOMEM;
	*list = grown;
	return 0;
}

static int make_headers(struct http *http, const struct http_request *request,
                        struct curl_slist **out, struct err *err)
{
	static const char bearer[] = "Authorization: Bearer ";
	char line[sizeof(bearer) + HTTP_TOKEN_BYTES_MAX];
	char type[128], accept[512];
	int r;

	snprintf(accept, sizeof(accept), "Accept: %s",
	         request->accept ? request->accept : "application/json");
	r = add_header(out, accept);
	for (struct curl_slist *at = http->peer.headers; r == 0 && at; at = at->next)
		r = add_header(out, at->data);
	/* libcurl signs a header that it then leaves out; a small body needs none. */
	if (r == 0 && !request->aws)
		r = add_header(out, "Expect:");
	if (r == 0 && request->type) {
		snprintf(type, sizeof(type), "Content-Type: %s", request->type);
		r = add_header(out, type);
	}
	for (size_t i = 0; r == 0 && request->headers && request->headers[i]; i++) {
		if (strpbrk(request->headers[i], "\r\n"))
			return err_set(err, EINVAL, "a header has a line feed");
		r = add_header(out, request->headers[i]);
	}
	if (r == 0 && http->token_file) {
		memcpy(line, bearer, sizeof(bearer));
		r = read_token(http->token_file, line + sizeof(bearer) - 1,
		               sizeof(line) - sizeof(bearer) + 1, err);
		if (r < 0)
			return r;
		r = add_header(out, line);
	}
	return r < 0 ? err_set(err, -r, "no memory") : 0;
}

static void set_options(struct http *http, const struct http_request *request, struct call *call)
{
	CURL *curl = http->curl;

	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->text);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	peer_set(&http->peer, curl);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
	                 request->timeout_ms && request->timeout_ms < CONNECT_TIMEOUT_MS
	                         ? request->timeout_ms
	                         : CONNECT_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request->timeout_ms);
	if (request->idle_s) {
		curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
		curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, request->idle_s);
	}
	/* A peer that is gone without a word ends a watch by keep-alive probes. */
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPIDLE, 30L);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPINTVL, 10L);
	if (http->ca_file) {
		/* Only the authority given: the machine's own list must not count as well. */
		curl_easy_setopt(curl, CURLOPT_CAINFO, http->ca_file);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
		/* As it is now: curl would go by what it read up to a day ago, and a session that
		 * is taken up again is not verified at all. */
		curl_easy_setopt(curl, CURLOPT_CA_CACHE_TIMEOUT, http->ca_keep_s);
		curl_easy_setopt(curl, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	}
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_head);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, call);
	if (request->remote_only)
		curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_remote);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, call);
}

static void set_body(CURL *curl, const struct http_request *request)
{
	if (request->body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
	}
	if (strcmp(request->method, "HEAD") == 0)
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	else if (strcmp(request->method, "GET") != 0)
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
}

static int sign(CURL *curl, const struct http_aws *aws, struct err *err)
{
	char how[128];
	int n = snprintf(how, sizeof(how), "aws:amz:%s:%s", aws->region, aws->service);

	if (n < 0 || (size_t)n >= sizeof(how))
		return err_set(err, EINVAL, "the name of a region is too long");
	if (curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, how) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_USERNAME, aws->key_id) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_PASSWORD, aws->secret) != CURLE_OK)
		return err_set(err, ENOMEM, "no memory");
	return 0;
}

static int code_of(CURLcode code, const struct call *call)
{
	if (call->failed < 0)
		return -call->failed;
	switch ((int)code) {
	case CURLE_ABORTED_BY_CALLBACK:
		return ECANCELED;
	case CURLE_OPERATION_TIMEDOUT:
		return ETIMEDOUT;
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
		return ECONNREFUSED;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL: /* no status line: HTTP/0.9, as curl takes it */
		return EPROTO;
	case CURLE_OUT_OF_MEMORY:
		return ENOMEM;
	default:
		return EIO;
	}
}

int http_call(struct http *http, const struct http_request *request, struct http_response *out,
              struct err *err)
{
	CLEANUP(headers_freep) struct curl_slist *headers = NULL;
	struct call call = {.http = http, .request = request, .out = out};
	char url[HTTP_URL_BYTES_MAX];
	CURLcode code;
	int n, r;

	assert(request->path[0] == '/');
	*out = (struct http_response){0};
	call.bytes_max = request->body_bytes_max ? request->body_bytes_max : HTTP_BODY_BYTES_MAX;
	if (atomic_load(&http->is_stopped))
		return err_set(err, ECANCELED, "stopped");
	n = snprintf(url, sizeof(url), "%s%s", http->base, request->path);
	if (n < 0 || (size_t)n >= sizeof(url))
		return err_set(err, ENAMETOOLONG, "the path is too long");
	r = make_headers(http, request, &headers, err);
	if (r < 0)
		return r;
	http->text[0] = '\0';
	set_options(http, request, &call);
	set_body(http->curl, request);
	r = request->aws ? sign(http->curl, request->aws, err) : 0;
	if (r < 0)
		return r;
	if (curl_easy_setopt(http->curl, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers) != CURLE_OK)
		return err_set(err, ENOMEM, "no memory");
	code = curl_easy_perform(http->curl);
	curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &out->status);
	/* What they point to ends here. */
	curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, NULL);
	if (code == CURLE_OK)
		return out->body || keep(&call, "", 0) == 0 ? 0 : err_set(err, ENOMEM, "no memory");
	return err_set(err, code_of(code, &call), "%s %.80s: %.120s", request->method,
	               request->path, http->text[0] ? http->text : curl_easy_strerror(code));
}

const char *http_header(struct http *http, const char *name, size_t nth)
{
	struct curl_header *header = NULL;

	return curl_easy_header(http->curl, name, nth, CURLH_HEADER, -1, &header) == CURLHE_OK
	               ? header->value
	               : NULL;
}
