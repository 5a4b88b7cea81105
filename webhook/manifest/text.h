/* text.h - a text that grows.
 *
 * Owns     Its bytes, until text_done().
 * Errors   Sticky, in `failed`: check it once, at the end.
 */
#ifndef FARGUARD_MANIFEST_TEXT_H
#define FARGUARD_MANIFEST_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "injector/base/str.h"

struct text {
	char *bytes; /* with a NUL behind them, once anything was added */
	size_t len, cap;
	bool failed;
};

void text_add(struct text *text, struct str bytes);
void text_done(struct text *text);

#endif
