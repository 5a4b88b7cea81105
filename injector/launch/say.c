/* say.c - lines for a person. */
#include "injector/launch/say.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_ 512

void say(const char *first, ...)
{
	char line[LINE_MAX_] = "farguard: ";
	size_t len = strlen(line);
	const char *part;
	va_list args;

	va_start(args, first);
	for (part = first; part; part = va_arg(args, const char *)) {
		size_t n = strnlen(part, sizeof(line) - 1 - len);

		memcpy(line + len, part, n);
		len += n;
	}
	va_end(args);
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return; /* nobody listens: nothing to be done about it */
}
