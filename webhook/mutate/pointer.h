/* pointer.h - JSON Pointers (RFC 6901): read one token at a time.
 *
 * Owns     Nothing.
 * Limits   POINTER_TOKEN_MAX bytes a token.
 */
#ifndef FARGUARD_MUTATE_POINTER_H
#define FARGUARD_MUTATE_POINTER_H

#include <stddef.h>

#define POINTER_TOKEN_MAX 1024

/* Unescape the token that `*rest` ("/a~1b/c") starts with into `out_token` and move `*rest`
 * behind it.  Returns 0, -EINVAL for a bad escape or a missing slash, -E2BIG. */
int pointer_next(const char **rest, char out_token[POINTER_TOKEN_MAX]);

/* The list index that `token` is: 0, or digits without a leading zero.  Returns 0 or -EINVAL. */
int pointer_index(const char *token, size_t *out_index);

#endif
