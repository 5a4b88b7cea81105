#include "webhook/registry/query.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

int query_add(char *text, size_t cap, const char *name, const char *value, size_t len)
{
	size_t begin = strlen(text), used;
	const char *before = begin == 0 || strchr("?&", text[begin - 1]) ? "" : "&";
	int n = snprintf(text + begin, cap - begin, "%s%s=", before, name);

	used = begin + (n > 0 ? (size_t)n : 0);
	for (size_t i = 0; used + 4 <= cap && i < len; i++) {
		unsigned char c = (unsigned char)value[i];

		if (isalnum(c) || (c && strchr("-._~", c)))
			text[used++] = (char)c;
		else
			used += (size_t)snprintf(text + used, 4, "%%%02X", c);
	}
	if (n < 0 || used + 4 > cap) {
		text[begin] = '\0';
		return -ENAMETOOLONG;
	}
	text[used] = '\0';
	return 0;
}
