/* digest.h - SHA-256 (OpenSSL): what an object is named by, and what the cache looks up by.
 *
 * Threads  Pure.
 */
#ifndef FARGUARD_REGISTRY_DIGEST_H
#define FARGUARD_REGISTRY_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "injector/base/str.h"
#include "webhook/registry/reference.h"

#define DIGEST_BYTES 32

/* The sum of `parts`, each with its length before it, so that no two lists are alike.  Returns 0 or
 * -ENOMEM. */
int digest_sum(const struct str *parts, size_t count, uint8_t out[DIGEST_BYTES]);

/* Write "sha256:" and the digits of what `bytes` are.  Returns 0 or -ENOMEM. */
int digest_format(const char *bytes, size_t len, char out[REFERENCE_DIGEST_MAX]);

#endif
