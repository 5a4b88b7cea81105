#include "webhook/manifest/utf8.h"

size_t utf8_len(struct str text)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	size_t len;

	if (!text.len)
		return 0;
	len = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (len == 1)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4 || text.len < len)
		return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool utf8_match(struct str text)
{
	while (text.len) {
		size_t len = utf8_len(text);

		if (!len)
			return false;
		text = (struct str){text.ptr + len, text.len - len};
	}
	return true;
}

uint32_t utf8_parse(const char *bytes, size_t len)
{
	static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code = (unsigned char)bytes[0] & masks[len];

	for (size_t i = 1; i < len; i++)
		code = code << 6 | ((unsigned char)bytes[i] & 0x3f);
	return code;
}

size_t utf8_format(uint32_t code, char out[4])
{
	size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	if (len == 1) {
		out[0] = (char)code;
		return 1;
	}
	for (size_t i = len; i-- > 1; code >>= 6)
		out[i] = (char)(0x80 | (code & 0x3f));
	out[0] = (char)((0xf00 >> len) | code);
	return len;
}
