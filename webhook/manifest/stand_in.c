#include "webhook/manifest/stand_in.h"

#include <string.h>

#include "webhook/manifest/utf8.h"

static void scan_text(struct stand_in *stand_in, struct str text)
{
	for (size_t i = 0; i + 3 <= text.len; i++) {
		uint32_t code;

		if ((unsigned char)text.ptr[i] != 0xee)
			continue;
		code = utf8_parse(text.ptr + i, 3);
		stand_in->taken[code - STAND_IN_FIRST] = true;
		i += 2;
	}
}

void stand_in_scan(struct stand_in *stand_in, const struct node *node)
{
	if (node->kind == NODE_SCALAR) {
		scan_text(stand_in, node->text);
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		if (node->members[i].key)
			scan_text(stand_in, node->members[i].key->text);
		stand_in_scan(stand_in, node->members[i].value);
	}
}

static bool needs(unsigned char c, const char *ascii)
{
	return c >= 0xf0 || (c && strchr(ascii, c));
}

bool stand_in_needs(struct str text, const char *ascii)
{
	for (size_t i = 0; i < text.len; i++)
		if (needs((unsigned char)text.ptr[i], ascii))
			return true;
	return false;
}

/* What stands for `code`, or `code` when nothing is left to. */
static uint32_t find_instead(struct stand_in *stand_in, uint32_t code)
{
	for (size_t i = 0; i < stand_in->count; i++)
		if (stand_in->pairs[i].code == code)
			return stand_in->pairs[i].instead;
	if (stand_in->count == STAND_IN_MAX)
		return code;
	for (uint32_t i = 0; i < STAND_IN_RANGE; i++) {
		if (stand_in->taken[i])
			continue;
		stand_in->taken[i] = true;
		stand_in->pairs[stand_in->count].code = code;
		stand_in->pairs[stand_in->count].instead = STAND_IN_FIRST + i;
		stand_in->count++;
		return STAND_IN_FIRST + i;
	}
	return code;
}

void stand_in_encode(struct stand_in *stand_in, struct str text, const char *ascii,
                     struct text *out)
{
	size_t start = 0;

	for (size_t i = 0; i < text.len; i++) {
		struct str rest = {text.ptr + i, text.len - i};
		size_t len;
		char bytes[4];

		if (!needs((unsigned char)text.ptr[i], ascii))
			continue;
		len = utf8_len(rest);
		if (!len)
			continue;
		text_add(out, (struct str){text.ptr + start, i - start});
		rest.len = utf8_format(find_instead(stand_in, utf8_parse(rest.ptr, len)), bytes);
		text_add(out, (struct str){bytes, rest.len});
		start = i + len;
		i = start - 1;
	}
	text_add(out, (struct str){text.ptr + start, text.len - start});
}

void stand_in_decode(const struct stand_in *stand_in, struct str text, struct text *out)
{
	size_t start = 0;

	for (size_t i = 0; i + 3 <= text.len; i++) {
		uint32_t code;

		if ((unsigned char)text.ptr[i] != 0xee)
			continue;
		code = utf8_parse(text.ptr + i, 3);
		for (size_t j = 0; j < stand_in->count; j++) {
			char bytes[4];

			if (stand_in->pairs[j].instead != code)
				continue;
			text_add(out, (struct str){text.ptr + start, i - start});
			text_add(out,
			         (struct str){bytes, utf8_format(stand_in->pairs[j].code, bytes)});
			start = i + 3;
			break;
		}
		i += 2;
	}
	text_add(out, (struct str){text.ptr + start, text.len - start});
}
