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

/* Bytes that base64_parse() writes for `len` characters, at most. */
#define BASE64_PARSED_BYTES(len) (((len) + 3) / 4 * 3)

/* Read `len` characters; line ends among them are skipped, as Go does.  Returns how many bytes it
 * wrote to `out`, or -1 for text that is no base64 with padding. */
long base64_parse(const char *text, size_t len, char *out);

#endif
