/* answer.h - what a registry answers: manifests, indexes and image configurations.
 *
 * Why      These bytes decide what a container starts.  In doubt they are refused: a text that two
 *          readers could take for two things, a platform that is not ours, a string that JSON
 *          cannot carry on.
 * Limits   ANSWER_MANIFEST_BYTES_MAX, ANSWER_CONFIG_BYTES_MAX, ANSWER_DEPTH_MAX levels;
 *          ANSWER_STRINGS_MAX strings and ANSWER_STRING_BYTES_MAX in all of what is kept.
 * Threads  Pure.
 * Errors   -EBADMSG (none of these), -ENOTSUP (one, but no image for linux/amd64), -EFBIG, -ENOMEM.
 */
#ifndef FARGUARD_REGISTRY_ANSWER_H
#define FARGUARD_REGISTRY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "webhook/registry/reference.h"

#define ANSWER_MANIFEST_BYTES_MAX (4u << 20)
#define ANSWER_CONFIG_BYTES_MAX   (1u << 20)
#define ANSWER_DEPTH_MAX          32
#define ANSWER_STRINGS_MAX        512
#define ANSWER_STRING_BYTES_MAX   (16u << 10)

/* What we take a manifest as: the value of Accept. */
#define ANSWER_ACCEPT                                                                              \
	"application/vnd.oci.image.index.v1+json, "                                                \
	"application/vnd.oci.image.manifest.v1+json, "                                             \
	"application/vnd.docker.distribution.manifest.list.v2+json, "                              \
	"application/vnd.docker.distribution.manifest.v2+json"

struct err;
struct images_config;

enum answer_kind {
	ANSWER_MANIFEST, /* its digest is the configuration's */
	ANSWER_INDEX,    /* its digest is that of the manifest for linux/amd64 */
};

struct answer {
	enum answer_kind kind;
	char digest[REFERENCE_DIGEST_MAX];
};

/* Read a manifest or an index; `type` is the Content-Type it came with, or NULL. */
int answer_parse_manifest(const char *type, const char *text, size_t len, struct answer *out,
                          struct err *err);

/* Read an image configuration; `out` is the caller's to give to images_config_done(). */
int answer_parse_config(const char *text, size_t len, struct images_config *out, struct err *err);

/* The text of the first error of a registry's error answer ("MANIFEST_UNKNOWN: manifest unknown")
 * or of a token server's, cut to fit; "" when it has none. */
void answer_format_error(const char *text, size_t len, char *out, size_t cap);

#endif
