#include "webhook/kube/pods.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/http/http.h"
#include "webhook/kube/api.h"
#include "webhook/kube/json.h"

/* More than any server sends: it drops all beyond 4 KiB. */
#define WARNINGS_MAX 64

/* The text of a Warning header (RFC 7234, 5.5): 299 - "TEXT", quotes in it behind a backslash. */
static void take_warning(const char *header, char out[PODS_WARNING_MAX])
{
	const char *at = strchr(header, '"');
	size_t len = 0;

	if (!at || strncmp(at + 1, "farguard: ", 10) != 0)
		return;
	for (at++; *at && *at != '"' && len < PODS_WARNING_MAX - 1; at++) {
		if (*at == '\\' && at[1])
			at++;
		out[len++] = *at;
	}
	out[len] = '\0';
}

/* The server's sentence whole: what failed stands at its end. */
static void take_refusal(const struct http_response *response, struct err *err)
{
	CLEANUP(json_putp)
	struct json_object *status = json_parse_all(response->body, response->len, API_DEPTH_MAX);
	const char *message = json_member_string(status, "message");
	const char *webhook = message ? strstr(message, "failed calling webhook") : NULL;

	if (message)
		err_set(err, err->code, "%s", webhook ? webhook : message);
}

int pods_dry_run(struct http *http, const char *namespace, struct json_object *pod,
                 struct json_object **out, char out_warning[PODS_WARNING_MAX], struct err *err)
{
	CLEANUP(http_response_done) struct http_response response = {0};
	const char *text = json_object_to_json_string_ext(pod, JSON_C_TO_STRING_PLAIN), *header;
	char path[512];
	struct http_request request = {.method = "POST",
	                               .path = path,
	                               .type = "application/json",
	                               .timeout_ms = API_TIMEOUT_MS,
	                               .body = text};
	int r;

	*out_warning = '\0';
	if (!text)
		return err_set(err, ENOMEM, "no memory");
	if (!api_is_name(namespace))
		return err_set(err, EINVAL, "\"%.80s\" is no namespace", namespace);
	request.body_len = strlen(text);
	snprintf(path, sizeof(path), "/api/v1/namespaces/%s/pods?dryRun=All", namespace);
	r = api_call(http, &request, &response, err);
	for (size_t i = 0; i < WARNINGS_MAX && (header = http_header(http, "Warning", i)); i++)
		take_warning(header, out_warning);
	if (r < 0) {
		if (response.body)
			take_refusal(&response, err);
		return r;
	}
	*out = json_parse_all(response.body, response.len, API_DEPTH_MAX);
	return *out ? 0 : err_set(err, EPROTO, "POST %.80s: the answer is no JSON", path);
}
