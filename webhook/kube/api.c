#include "webhook/kube/api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/http/http.h"
#include "webhook/kube/json.h"

#define NAME_BYTES_MAX 253 /* RFC 1123, as Kubernetes has it */

static int errno_of(long status)
{
	switch (status) {
	case 401:
	case 403:
		return EACCES;
	case 404:
		return ENOENT;
	case 409:
		return EAGAIN;
	case 410:
		return ESTALE;
	case 429:
		return EBUSY;
	default:
		return status >= 500 && status < 600 ? EBUSY : EPROTO;
	}
}

/* The server's own sentence stands in a Status object. */
static int refused(const struct http_request *request, const struct http_response *response,
                   struct err *err)
{
	CLEANUP(json_putp)
	struct json_object *status = json_parse_all(response->body, response->len, API_DEPTH_MAX);
	const char *message = json_member_string(status, "message");

	return err_set(err, errno_of(response->status), "%s %.80s: %ld%s%.120s", request->method,
	               request->path, response->status, message ? ": " : "",
	               message ? message : "");
}

int api_call(struct http *http, const struct http_request *request, struct http_response *out,
             struct err *err)
{
	int r = http_call(http, request, out, err);

	if (r < 0)
		return r;
	return out->status >= 200 && out->status < 300 ? 0 : refused(request, out, err);
}

int api_get(struct http *http, const char *path, struct json_object **out, struct err *err)
{
	return api_get_within(http, path, API_TIMEOUT_MS, out, err);
}

int api_get_within(struct http *http, const char *path, long timeout_ms, struct json_object **out,
                   struct err *err)
{
	CLEANUP(http_response_done) struct http_response response = {0};
	struct http_request request = {.method = "GET", .path = path, .timeout_ms = timeout_ms};
	int r = api_call(http, &request, &response, err);

	if (r < 0)
		return r;
	*out = json_parse_all(response.body, response.len, API_DEPTH_MAX);
	return *out ? 0 : err_set(err, EPROTO, "GET %.80s: the answer is no JSON", path);
}

int api_send(struct http *http, const char *method, const char *path, const char *type,
             struct json_object *body, struct err *err)
{
	CLEANUP(http_response_done) struct http_response response = {0};
	const char *text = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN);
	struct http_request request = {
	        .method = method, .path = path, .type = type, .timeout_ms = API_TIMEOUT_MS};

	if (!text)
		return err_set(err, ENOMEM, "no memory");
	request.body = text;
	request.body_len = strlen(text);
	return api_call(http, &request, &response, err);
}

int api_minor_version(struct http *http, int *out_minor, struct err *err)
{
	CLEANUP(json_putp) struct json_object *version = NULL;
	const char *major, *minor;
	int r = api_get(http, "/version", &version, err);

	if (r < 0)
		return r;
	major = json_member_string(version, "major");
	minor = json_member_string(version, "minor");
	if (!major || strcmp(major, "1") != 0 || !minor || *minor < '0' || *minor > '9')
		return err_set(err, EPROTO, "GET /version: no version 1.x");
	*out_minor = (int)strtol(minor, NULL, 10); /* "29+" on EKS */
	return 0;
}

int api_namespace(struct http *http, const char *name, long timeout_ms,
                  struct namespaces_words *out, struct err *err)
{
	CLEANUP(http_response_done) struct http_response response = {0};
	char path[64 + WATCH_NAMESPACE_MAX];
	struct http_request request = {.method = "GET", .path = path, .timeout_ms = timeout_ms};
	int r;

	if (!api_is_name(name) || strlen(name) >= WATCH_NAMESPACE_MAX)
		return err_set(err, EINVAL, "\"%.80s\" is no namespace", name);
	snprintf(path, sizeof(path), "/api/v1/namespaces/%s", name);
	r = api_call(http, &request, &response, err);
	if (r < 0)
		return r;
	return namespaces_parse(response.body, response.len, out) == 0
	               ? 0
	               : err_set(err, EPROTO, "GET %.80s: no namespace", path);
}

bool api_is_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= NAME_BYTES_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == len && name[0] != '-' &&
	       name[0] != '.' && name[len - 1] != '-' && name[len - 1] != '.' &&
	       !strstr(name, "..");
}
