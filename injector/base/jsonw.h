/* jsonw.h - write one JSON text into a buffer that the caller owns.
 *
 * Why      Records are written by programs that may not allocate and carry no library.
 * Owns     Nothing.
 * Limits   The caller's buffer, JSONW_DEPTH_MAX levels.
 * Errors   Sticky: after an overflow every call is a no-op and jsonw_finish() says so, so
 *          callers check once, at the end.
 */
#ifndef FARGUARD_BASE_JSONW_H
#define FARGUARD_BASE_JSONW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "injector/base/str.h"

#define JSONW_DEPTH_MAX 16

struct jsonw {
	char *buf;
	size_t cap, len;
	bool failed;
	unsigned depth;
	bool comma[JSONW_DEPTH_MAX]; /* a value stands before the next one at this level */
};

void jsonw_init(struct jsonw *w, char *buf, size_t cap);

/* Open and close; `key` is NULL for elements of an array and for the text itself. */
void jsonw_object(struct jsonw *w, const char *key);
void jsonw_array(struct jsonw *w, const char *key);
void jsonw_end_object(struct jsonw *w);
void jsonw_end_array(struct jsonw *w);

/* Values.  Bytes that are no UTF-8 become U+FFFD; control characters are escaped. */
void jsonw_str(struct jsonw *w, const char *key, struct str value);
void jsonw_cstr(struct jsonw *w, const char *key, const char *value);
void jsonw_int(struct jsonw *w, const char *key, int64_t value);
void jsonw_uint(struct jsonw *w, const char *key, uint64_t value);
void jsonw_bool(struct jsonw *w, const char *key, bool value);
/* Seconds with three decimals, from milliseconds. */
void jsonw_milli(struct jsonw *w, const char *key, uint64_t value_ms);

/* As jsonw_str(), but the escaped value takes at most `escaped_max` bytes; returns false when it
 * was cut (at a character's boundary). */
bool jsonw_str_cut(struct jsonw *w, const char *key, struct str value, size_t escaped_max);

/* The text's length, without a NUL, or 0 when it did not fit or a level is still open. */
size_t jsonw_finish(const struct jsonw *w);

#endif
