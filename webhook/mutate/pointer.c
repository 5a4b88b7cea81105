#include "webhook/mutate/pointer.h"

#include <errno.h>
#include <stdint.h>

int pointer_next(const char **rest, char out_token[POINTER_TOKEN_MAX])
{
	const char *p = *rest;
	size_t len = 0;

	if (*p++ != '/')
		return -EINVAL;
	for (; *p && *p != '/'; p++) {
		char c = *p;

		if (c == '~') {
			p++;
			if (*p != '0' && *p != '1')
				return -EINVAL;
			c = *p == '0' ? '~' : '/';
		}
		if (len + 1 >= POINTER_TOKEN_MAX)
			return -E2BIG;
		out_token[len++] = c;
	}
	out_token[len] = '\0';
	*rest = p;
	return 0;
}

int pointer_index(const char *token, size_t *out_index)
{
	size_t value = 0;

	if (!*token || (token[0] == '0' && token[1]))
		return -EINVAL;
	for (; *token; token++) {
		if (*token < '0' || *token > '9' || value > SIZE_MAX / 10 - 1)
			return -EINVAL;
		value = value * 10 + (size_t)(*token - '0');
	}
	*out_index = value;
	return 0;
}
