/* utf8.h - characters of UTF-8 (RFC 3629). */
#ifndef FARGUARD_MANIFEST_UTF8_H
#define FARGUARD_MANIFEST_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "injector/base/str.h"

/* Bytes of the character that `text` begins with, or 0 when it is none. */
size_t utf8_len(struct str text);

/* Whether all of `text` is UTF-8. */
bool utf8_match(struct str text);

/* The code point of the character at `bytes`, which has `len` bytes. */
uint32_t utf8_parse(const char *bytes, size_t len);

/* Write a code point; returns its bytes, at most 4. */
size_t utf8_format(uint32_t code, char out[4]);

#endif
