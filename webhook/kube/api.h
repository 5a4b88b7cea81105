/* api.h - the API server's calls that are answered at once.
 *
 * Owns     Nothing; the connection is the caller's struct http, one thread at a time.
 * Limits   API_TIMEOUT_MS a call unless said otherwise.
 * Errors   -errno with a sentence: -ENOENT (404), -EACCES (401, 403), -EAGAIN (409: someone else
 *          wrote first), -ESTALE (410: what was asked for is too old), -EBUSY (429, 5xx), -EPROTO
 *          (anything else, or an answer that is none), and those of http_call().
 */
#ifndef FARGUARD_KUBE_API_H
#define FARGUARD_KUBE_API_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "webhook/kube/namespaces.h"

#define API_TIMEOUT_MS 10000L
#define API_DEPTH_MAX  64

struct err;
struct http;
struct http_request;
struct http_response;

/* Whether Kubernetes `minor` runs init containers with restartPolicy Always by default: KEP-753,
 * beta since 1.29. */
#define API_HAS_NATIVE_SIDECARS(minor) ((minor) >= 29)

/* http_call(), where a status other than 2xx is an error too. */
int api_call(struct http *http, const struct http_request *request, struct http_response *out,
             struct err *err);

/* GET `path`; `*out` is the answer, caller puts it. */
int api_get(struct http *http, const char *path, struct json_object **out, struct err *err);

/* api_get(), where the caller has less time. */
int api_get_within(struct http *http, const char *path, long timeout_ms, struct json_object **out,
                   struct err *err);

/* Send `body` as `type` by `method`. */
int api_send(struct http *http, const char *method, const char *path, const char *type,
             struct json_object *body, struct err *err);

/* The minor version of the server: 29 of "v1.29.3-eks". */
int api_minor_version(struct http *http, int *out_minor, struct err *err);

/* What the namespace `name` says, asked for now, within `timeout_ms`. */
int api_namespace(struct http *http, const char *name, long timeout_ms,
                  struct namespaces_words *out, struct err *err);

/* Whether `name` can stand in a path as it is: RFC 1123, labels joined by dots. */
bool api_is_name(const char *name);

#endif
