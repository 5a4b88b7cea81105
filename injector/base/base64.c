#include "injector/base/base64.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void format_group(const unsigned char *in, size_t count, char *out)
{
	unsigned bits = (unsigned)in[0] << 16;

	if (count > 1)
		bits |= (unsigned)in[1] << 8;
	if (count > 2)
		bits |= in[2];
	out[0] = alphabet[bits >> 18];
	out[1] = alphabet[bits >> 12 & 63];
	out[2] = count > 1 ? alphabet[bits >> 6 & 63] : '=';
	out[3] = count > 2 ? alphabet[bits & 63] : '=';
}

void base64_format(const char *bytes, size_t len, char *out)
{
	const unsigned char *in = (const unsigned char *)bytes;

	for (; len >= 3; len -= 3, in += 3, out += 4)
		format_group(in, 3, out);
	if (len)
		format_group(in, len, out);
}

long base64_parse(const char *text, size_t len, char *out)
{
	unsigned bits = 0;
	size_t count = 0, padding = 0;
	long written = 0;

	for (size_t i = 0; i < len; i++) {
		const char *at = text[i] ? strchr(alphabet, text[i]) : NULL;

		if (text[i] == '\r' || text[i] == '\n')
			continue;
		if (text[i] == '=' && count % 4 >= 2)
			padding++;
		else if (!at || padding)
			return -1;
		bits = bits << 6 | (at ? (unsigned)(at - alphabet) : 0);
		if (++count % 4)
			continue;
		for (size_t j = 0; j < 3 - padding; j++)
			out[written++] = (char)(bits >> (16 - 8 * j));
	}
	return count % 4 ? -1 : written;
}
