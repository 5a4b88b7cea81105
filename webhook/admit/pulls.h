/* pulls.h - what a pod's image pull Secrets hold, where we may read them.
 *
 * Why      A private registry tells an image's entrypoint only to who may pull it.  The webhook
 * reads Secrets of no namespace that `registry.pullSecretNamespaces` does not name. Owns     Its
 * connection and what it read, until pulls_done(). Limits   PULLS_MAX Secrets are kept, for
 * PULLS_KEEP_MS; PULLS_TEXT_BYTES_MAX each; no question after the caller's deadline. Threads  Any;
 * one question at a time.
 */
#ifndef FARGUARD_ADMIT_PULLS_H
#define FARGUARD_ADMIT_PULLS_H

#include <json-c/json.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "webhook/registry/images.h"

#define PULLS_MAX            64
#define PULLS_KEEP_MS        60000u
#define PULLS_TEXT_BYTES_MAX (64u << 10)

struct err;
struct http;
struct http_settings;
struct policy;

struct pulls_item {
	char namespace[64], name[254]; /* "": free */
	enum images_credential_kind kind;
	char *text; /* NULL: it could not be read, or holds nothing of use */
	uint64_t until_ms;
};

struct pulls {
	struct http *http;
	pthread_mutex_t lock;
	struct pulls_item items[PULLS_MAX];
	size_t next; /* the one that goes when all are taken */
};

struct pulls_found {
	struct images_credential list[IMAGES_CREDENTIALS_MAX];
	char *texts[IMAGES_CREDENTIALS_MAX];
	size_t count;
};

/* Returns 0 or -errno. */
int pulls_init(struct pulls *pulls, const struct http_settings *settings, struct err *err);
void pulls_done(struct pulls *pulls);

/* The Secrets in `names` ([{"name"}], or NULL) of `namespace`, by `deadline_ms` of clock_ms(). What
 * cannot be read is left out. */
void pulls_find(struct pulls *pulls, const struct policy *policy, const char *namespace,
                struct json_object *names, uint64_t deadline_ms, struct pulls_found *out);
void pulls_found_done(struct pulls_found *found);

#endif
