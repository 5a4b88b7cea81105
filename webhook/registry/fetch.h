/* fetch.h - one image asked of its registry, with one credential: manifest, then configuration.
 *
 * Why      The distribution protocol without what we do not need: a challenge is answered, a
 *          redirect followed by our own code, and every object must be what its digest says.
 * Limits   FETCH_CALLS_MAX calls until a deadline; FETCH_REDIRECTS_MAX a call; the sizes of
 *          answer.h.
 * Threads  One thread a client.
 * Errors   Those of images_find().
 */
#ifndef FARGUARD_REGISTRY_FETCH_H
#define FARGUARD_REGISTRY_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "webhook/registry/images.h"
#include "webhook/registry/reference.h"

#define FETCH_CALLS_MAX 24
/* registry.k8s.io sends to another registry, and that one to its storage. */
#define FETCH_REDIRECTS_MAX 2

struct err;
struct http;

struct fetch_question {
	const struct reference *reference;
	const char *base;     /* of the registry, as location.h writes one */
	bool is_near;         /* it may be on this machine, and so may where it sends us */
	const char *basic;    /* base64 of user and password; NULL for nobody */
	bool is_basic_first;  /* send it before the registry asks for it */
	const char *known;    /* the digest of the manifest whose answer is there; NULL for none */
	uint64_t deadline_ms; /* of clock_ms() */
};

struct fetch_answer {
	bool is_known; /* the reference still names `known`: config and digest are empty */
	char digest[REFERENCE_DIGEST_MAX]; /* of the manifest or index that the reference names */
	struct images_config config;
	long retry_after_s; /* that a refusal asked for; 0 for nothing */
};

/* Ask.  `out` is the caller's to give to images_config_done(&out->config), also after a failure. */
int fetch_image(struct http *http, const struct fetch_question *question, struct fetch_answer *out,
                struct err *err);

#endif
