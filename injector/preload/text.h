/* text.h - strings without a C library, also strings that may not be there.
 *
 * Why      A program may pass execve() a bad pointer and expects EFAULT, not a crash in our hook.
 *          text_probe() asks the kernel first, through a call that reads and changes nothing.
 */
#ifndef FARGUARD_PRELOAD_TEXT_H
#define FARGUARD_PRELOAD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t text_len(const char *s);
bool text_starts(const char *s, const char *prefix);
bool text_same(const char *a, const char *b);

/* Append `s` to the string of `len` bytes in `buf`; returns the new length, or `cap` when it does
 * not fit (buf then still ends with a NUL). */
size_t text_append(char *buf, size_t len, size_t cap, const char *s);

/* Remembers the last page that was there, so that a run of strings costs one question a page. */
struct text_probe {
	uintptr_t good_page;
};

/* Whether `len` bytes at `p` can be read (len > 0). */
bool text_probe(struct text_probe *probe, const void *p, size_t len);

/* Length of the string at `s`, at most `max`; -1 when it runs into memory that is not there. */
long text_probe_len(struct text_probe *probe, const char *s, size_t max);

#endif
