/* str.h - a borrowed run of bytes: pointer and length, never a terminator.
 *
 * Owns     Nothing.  A str is valid only while the buffer it points into is.
 * Limits   None of its own; whoever filled the buffer set the bound.
 */
#ifndef FARGUARD_BASE_STR_H
#define FARGUARD_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
	const char *ptr;
	size_t len;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Split `*rest` at the first `sep`; the head is returned, `*rest` is what follows. */
static inline struct str str_cut(struct str *rest, char sep)
{
	const char *hit = rest->len ? memchr(rest->ptr, sep, rest->len) : NULL;
	struct str head = *rest;

	if (hit) {
		head.len = (size_t)(hit - rest->ptr);
		*rest = (struct str){hit + 1, rest->len - head.len - 1};
	} else if (rest->len) { /* NULL + 0 is undefined in C */
		*rest = (struct str){rest->ptr + rest->len, 0};
	}
	return head;
}

#endif
