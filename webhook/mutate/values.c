#include "webhook/mutate/values.h"

#include <string.h>

/* Behind the string that begins at `at`, or the end. */
static const char *skip_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at < end ? at + 1 : end;
}

bool values_exceed(const char *text, size_t len, size_t max)
{
	const char *at = text, *end = text + len;
	size_t count = 0;

	/* Each takes a byte at least. */
	if (len <= max)
		return false;
	while (at < end && count <= max) {
		if (*at == '"') {
			at = skip_string(at, end);
			continue;
		}
		count += *at == ',' || *at == '{' || *at == '[';
		at++;
	}
	return count > max;
}
