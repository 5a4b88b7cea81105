/* secret.h - texts in a Secret, read and written as one, by whoever is first.
 *
 * Why      Several replicas share one certificate: the Secret is the truth, and resourceVersion
 *          decides who may write it.
 * Owns     The object as the server gave it, until secret_done(): labels and keys of others are
 *          written back as they were.
 * Errors   As api.h; -EAGAIN from secret_write() asks for reading again.
 */
#ifndef FARGUARD_KUBE_SECRET_H
#define FARGUARD_KUBE_SECRET_H

#include <json-c/json.h>

struct err;
struct http;

struct secret {
	struct json_object *object;
};

int secret_read(struct http *http, const char *namespace, const char *name, struct secret *out,
                struct err *err);
/* secret_read(), where the caller has less time. */
int secret_read_within(struct http *http, const char *namespace, const char *name, long timeout_ms,
                       struct secret *out, struct err *err);
void secret_done(struct secret *secret);

/* The text at `key`, malloc'ed; NULL when it is missing, no base64, has a NUL inside, or there is
 * no memory. */
char *secret_get(const struct secret *secret, const char *key);

/* Put `text` at `key`.  Returns 0 or -ENOMEM. */
int secret_put(struct secret *secret, const char *key, const char *text);

/* Write the object back, unless someone else wrote since it was read. */
int secret_write(struct http *http, const char *namespace, const char *name,
                 const struct secret *secret, struct err *err);

#endif
