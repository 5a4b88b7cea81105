#include "injector/base/base64.h"

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
