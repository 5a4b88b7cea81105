/* reference.h - an image reference, taken apart as the container runtime does.
 *
 * Why      What is asked for must be what the node will pull, and a name that goes into a URL may
 *          hold nothing but what the grammar allows.
 * Limits   REFERENCE_HOST_MAX, REFERENCE_REPOSITORY_MAX, REFERENCE_TAG_MAX.
 * Threads  Pure.
 */
#ifndef FARGUARD_REGISTRY_REFERENCE_H
#define FARGUARD_REGISTRY_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#define REFERENCE_HOST_MAX       256
#define REFERENCE_REPOSITORY_MAX 256 /* with the host, as the distribution project has it */
#define REFERENCE_TAG_MAX        129
#define REFERENCE_DIGEST_MAX     72 /* "sha256:" and 64 digits */
#define REFERENCE_DEFAULT_HOST   "docker.io"

/* Room for reference_format(). */
#define REFERENCE_TEXT_MAX                                                                         \
	(REFERENCE_HOST_MAX + REFERENCE_REPOSITORY_MAX + REFERENCE_TAG_MAX + REFERENCE_DIGEST_MAX)

struct err;

struct reference {
	char host[REFERENCE_HOST_MAX]; /* with its port; "docker.io" where none is named */
	char repository[REFERENCE_REPOSITORY_MAX];
	char tag[REFERENCE_TAG_MAX];       /* "" beside a digest without a tag */
	char digest[REFERENCE_DIGEST_MAX]; /* "" without one */
};

/* Read `text`.  Returns 0, or -EINVAL with a sentence that says which part is wrong. */
int reference_parse(const char *text, struct reference *out, struct err *err);

/* Write HOST/REPOSITORY[:TAG][@DIGEST]. */
void reference_format(const struct reference *reference, char out[REFERENCE_TEXT_MAX]);

/* The tag or, where there is one, the digest: what a manifest is asked for by. */
const char *reference_version(const struct reference *reference);

/* Whether `text` is "sha256:" and 64 lower-case hexadecimal digits. */
bool reference_is_digest(const char *text);

#endif
