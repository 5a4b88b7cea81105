/* base64.h - RFC 4648 base64, with padding: how Kubernetes writes bytes in JSON.
 *
 * Owns     Nothing: the caller's buffers.
 */
#ifndef FARGUARD_BASE_BASE64_H
#define FARGUARD_BASE_BASE64_H

#include <stddef.h>

/* Bytes that base64_format() writes for `len` bytes, without a NUL. */
#define BASE64_BYTES(len) (((len) + 2) / 3 * 4)

/* Write BASE64_BYTES(len) characters to `out`, unterminated. */
void base64_format(const char *bytes, size_t len, char *out);

#endif
