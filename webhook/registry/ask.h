/* ask.h - one image asked of its registry with every credential that fits, until one is taken.
 *
 * Why      The kubelet tries all of them; so do we, in its order.  For ECR the webhook's own role
 *          comes last.  Where nothing fits the registry is asked as nobody.
 * Threads  One thread a client; the tokens of ECR are shared.
 * Errors   Those of images_find().
 */
#ifndef FARGUARD_REGISTRY_ASK_H
#define FARGUARD_REGISTRY_ASK_H

#include "webhook/registry/credentials.h"
#include "webhook/registry/fetch.h"

#define ASK_CREDENTIALS_MAX 8

struct ecr;

struct ask_question {
	const struct reference *reference;
	const char *base;
	bool is_near;
	const struct credential *const *credentials; /* in the order to try */
	size_t credential_count;
	const char *known;
	uint64_t deadline_ms;
};

/* As fetch_image(). */
int ask_image(struct http *http, struct ecr *ecr, const struct ask_question *question,
              struct fetch_answer *out, struct err *err);

#endif
