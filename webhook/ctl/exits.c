#include "webhook/ctl/exits.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "injector/base/err.h"

#define LINE_MAX_BYTES 1024

void exits_say(const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	/* File names and keys come from outside: they must not end the line or steer a terminal. */
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	fprintf(stderr, "farguardctl: %s\n", line);
}

enum exits exits_of(const struct err *err)
{
	exits_say("%s", err->text);
	return err->code == ENOMEM ? EXITS_INTERNAL : EXITS_INPUT;
}
