/* text.c - strings without a C library. */
#include "injector/preload/text.h"

#include <errno.h>

#include "injector/preload/sys.h"

#define PAGE 4096u
/* No such `how`: rt_sigprocmask(2) copies the new set in, finds this wrong and fails with EINVAL;
 * where the set cannot be read it fails with EFAULT before. */
#define NO_SUCH_HOW -1

size_t text_len(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

bool text_starts(const char *s, const char *prefix)
{
	while (*prefix)
		if (*s++ != *prefix++)
			return false;
	return true;
}

bool text_same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

size_t text_append(char *buf, size_t len, size_t cap, const char *s)
{
	if (len >= cap)
		return cap;
	while (*s && len + 1 < cap)
		buf[len++] = *s++;
	buf[len] = '\0';
	return *s ? cap : len;
}

bool text_probe(struct text_probe *probe, const void *p, size_t len)
{
	uintptr_t page = (uintptr_t)p & ~(uintptr_t)(PAGE - 1);
	uintptr_t last = ((uintptr_t)p + len - 1) & ~(uintptr_t)(PAGE - 1);

	if ((uintptr_t)p + len < (uintptr_t)p)
		return false;
	for (; page <= last; page += PAGE) {
		if (page && page == probe->good_page)
			continue;
		if (!page || SYS4(rt_sigprocmask, NO_SUCH_HOW, page, 0, 8) == -EFAULT)
			return false;
		probe->good_page = page;
	}
	return true;
}

long text_probe_len(struct text_probe *probe, const char *s, size_t max)
{
	size_t n;

	if (!s)
		return -1;
	for (n = 0; n < max; n++) {
		if ((n == 0 || ((uintptr_t)(s + n) & (PAGE - 1)) == 0) &&
		    !text_probe(probe, s + n, 1))
			return -1;
		if (!s[n])
			break;
	}
	return (long)n;
}

/* The compiler may turn a copy or a clear into a call of these (C11 4p6 and the GCC manual); ours
 * are hidden, so that the library never asks the C library for them. */
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int byte, size_t n);

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	while (n--)
		*t++ = *f++;
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	unsigned char *t = to;

	while (n--)
		*t++ = (unsigned char)byte;
	return to;
}
