#include "webhook/manifest/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void text_add(struct text *text, struct str bytes)
{
	if (text->failed)
		return;
	if (bytes.len >= text->cap - text->len || !text->bytes) {
		size_t cap = (text->cap ? text->cap * 2 : 4096);
		char *grown;

		while (cap - text->len <= bytes.len && cap < SIZE_MAX / 4)
			cap *= 2;
		grown = cap - text->len > bytes.len ? realloc(text->bytes, cap) : NULL;
		if (!grown) {
			text->failed = true;
			return;
		}
		text->bytes = grown;
		text->cap = cap;
	}
	if (bytes.len)
		memcpy(text->bytes + text->len, bytes.ptr, bytes.len);
	text->len += bytes.len;
	text->bytes[text->len] = '\0';
}

void text_done(struct text *text)
{
	free(text->bytes);
	*text = (struct text){0};
}
