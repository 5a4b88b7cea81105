/* pods.h - create a pod that is never to be: the API server's answer without its doing.
 *
 * Why      Only the API server can tell whether its reviews arrive, and what comes of them.
 * Limits   API_TIMEOUT_MS.
 * Errors   As api.h; a refusal says the server's own sentence, a webhook's that failed included.
 */
#ifndef FARGUARD_KUBE_PODS_H
#define FARGUARD_KUBE_PODS_H

#include <json-c/json.h>

#define PODS_WARNING_MAX 256

struct err;
struct http;

/* Create `pod` in `namespace` by dry run; `*out` is what it would have become, caller puts it.
 * `out_warning` is the last of Farguard's own warnings in the answer, "" when there is none. */
int pods_dry_run(struct http *http, const char *namespace, struct json_object *pod,
                 struct json_object **out, char out_warning[PODS_WARNING_MAX], struct err *err);

#endif
