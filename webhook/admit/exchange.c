#include "webhook/admit/exchange.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "injector/base/clock.h"
#include "injector/base/err.h"
#include "webhook/admit/admit.h"
#include "webhook/admit/crowd.h"
#include "webhook/mutate/review.h"

struct exchange {
	char *body;
	size_t len, cap;
	uint64_t start_ms;
	unsigned status; /* of a refusal that waits for the end of the body; else 0 */
};

static atomic_size_t total_bytes;
static atomic_uint running;

unsigned exchange_running(void)
{
	return atomic_load(&running);
}

/* Consumes `body`. */
static enum MHD_Result send_body(struct admit *admit, struct MHD_Connection *connection,
                                 unsigned status, const char *type, char *body, size_t len)
{
	struct MHD_Response *response =
	        MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result queued;

	if (!response) {
		free(body);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD, POST");
	/* A kept connection would be cut in the middle of its next request. */
	if (atomic_load(&admit->is_draining))
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	metrics_count_response(&admit->metrics, status);
	queued = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result send_text(struct admit *admit, struct MHD_Connection *connection,
                                 unsigned status, const char *text)
{
	char *body = NULL;
	int len = asprintf(&body, "%s\n", text);

	if (len < 0)
		return MHD_NO;
	return send_body(admit, connection, status, "text/plain; charset=utf-8", body, (size_t)len);
}

static enum MHD_Result send_refusal(struct admit *admit, struct MHD_Connection *connection,
                                    unsigned status)
{
	static const struct {
		unsigned status;
		const char *text;
	} texts[] = {{404, "not found: POST /mutate, GET /healthz or GET /readyz"},
	             {405, "method not allowed"},
	             {413, "the review is too large"},
	             {415, "a review is application/json"},
	             {503, "too many reviews at once"}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (texts[i].status == status)
			return send_text(admit, connection, status, texts[i].text);
	return send_text(admit, connection, status, "refused");
}

static bool is_json(const char *type)
{
	size_t len = type ? strcspn(type, "; \t") : 0;

	return len == strlen("application/json") && strncasecmp(type, "application/json", len) == 0;
}

/* What the head of a review's request already tells, or 0. */
static unsigned fault_of(struct MHD_Connection *connection, const char *method)
{
	const char *type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
	                                               MHD_HTTP_HEADER_CONTENT_TYPE);
	const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
	                                                 MHD_HTTP_HEADER_CONTENT_LENGTH);

	if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
		return MHD_HTTP_METHOD_NOT_ALLOWED;
	if (!is_json(type))
		return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
	if (length && strtoull(length, NULL, 10) > REVIEW_BYTES_MAX)
		return MHD_HTTP_CONTENT_TOO_LARGE;
	return 0;
}

static enum MHD_Result answer_probe(struct admit *admit, struct MHD_Connection *connection,
                                    const char *url, const char *method)
{
	const char *missing = NULL;

	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return send_refusal(admit, connection, MHD_HTTP_METHOD_NOT_ALLOWED);
	if (strcmp(url, "/readyz") == 0)
		missing = admit_not_ready(admit);
	return missing ? send_text(admit, connection, MHD_HTTP_SERVICE_UNAVAILABLE, missing)
	               : send_text(admit, connection, MHD_HTTP_OK, "ok");
}

static enum MHD_Result begin(struct admit *admit, struct MHD_Connection *connection,
                             const char *url, const char *method, void **out)
{
	struct exchange *exchange;
	unsigned status;

	if (strcmp(url, "/healthz") == 0 || strcmp(url, "/readyz") == 0)
		return answer_probe(admit, connection, url, method);
	if (strcmp(url, "/mutate") != 0)
		return send_refusal(admit, connection, MHD_HTTP_NOT_FOUND);
	status = fault_of(connection, method);
	if (status)
		return send_refusal(admit, connection, status);
	exchange = calloc(1, sizeof(*exchange));
	if (!exchange)
		return MHD_NO;
	exchange->start_ms = clock_ms();
	atomic_fetch_add(&running, 1);
	*out = exchange;
	return MHD_YES;
}

/* Returns 0, or the status to refuse the body with. */
static unsigned keep(struct exchange *exchange, const char *bytes, size_t len)
{
	/* Most reviews come in one piece, and no more room is made for those. */
	size_t cap = exchange->cap ? exchange->cap : 4096;
	char *grown;

	if (len > REVIEW_BYTES_MAX - exchange->len)
		return MHD_HTTP_CONTENT_TOO_LARGE;
	while (cap < exchange->len + len)
		cap *= 2;
	if (cap > exchange->cap) {
		size_t more = cap - exchange->cap;

		if (atomic_fetch_add(&total_bytes, more) + more > EXCHANGE_TOTAL_BYTES_MAX) {
			atomic_fetch_sub(&total_bytes, more);
			return MHD_HTTP_SERVICE_UNAVAILABLE;
		}
		grown = realloc(exchange->body, cap);
		if (!grown) {
			atomic_fetch_sub(&total_bytes, more);
			return MHD_HTTP_SERVICE_UNAVAILABLE;
		}
		exchange->body = grown;
		exchange->cap = cap;
	}
	memcpy(exchange->body + exchange->len, bytes, len);
	exchange->len += len;
	return 0;
}

static void forget_body(struct exchange *exchange)
{
	free(exchange->body);
	exchange->body = NULL;
	atomic_fetch_sub(&total_bytes, exchange->cap);
	exchange->len = exchange->cap = 0;
}

static enum MHD_Result answer(struct admit *admit, struct MHD_Connection *connection,
                              struct exchange *exchange)
{
	struct err err = {0};
	char *body = NULL;
	size_t len = 0;
	int r;

	if (exchange->status)
		return send_refusal(admit, connection, exchange->status);
	r = admit_review(admit, exchange->body ? exchange->body : "", exchange->len, &body, &len,
	                 &err);
	if (r == 0)
		return send_body(admit, connection, MHD_HTTP_OK, "application/json", body, len);
	return send_text(admit, connection,
	                 r == -ENOMEM ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_BAD_REQUEST,
	                 err.text);
}

enum MHD_Result exchange_step(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload_data,
                              size_t *upload_data_size, void **state)
{
	struct exchange *exchange = *state;

	(void)version;
	if (!exchange) {
		crowd_begin(connection);
		return begin(cls, connection, url, method, state);
	}
	if (*upload_data_size == 0)
		return answer(cls, connection, exchange);
	if (clock_ms() - exchange->start_ms > EXCHANGE_UPLOAD_MS)
		return MHD_NO;
	if (!exchange->status)
		exchange->status = keep(exchange, upload_data, *upload_data_size);
	if (exchange->status)
		forget_body(exchange);
	*upload_data_size = 0;
	return MHD_YES;
}

void exchange_end(void *cls, struct MHD_Connection *connection, void **state,
                  enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *state;

	(void)cls;
	(void)code;
	crowd_end(connection);
	if (!exchange)
		return;
	forget_body(exchange);
	free(exchange);
	*state = NULL;
	atomic_fetch_sub(&running, 1);
}
