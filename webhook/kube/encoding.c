#include "webhook/kube/encoding.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/base64.h"
#include "injector/base/own.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *encoding_to_base64(const char *bytes, size_t len)
{
	char *text = malloc(BASE64_BYTES(len) + 1);

	if (!text)
		return NULL;
	base64_format(bytes, len, text);
	text[BASE64_BYTES(len)] = '\0';
	return text;
}

/* Three bytes' worth of `quad`; returns how many they are, or -1. */
static int decode_quad(const char *quad, int is_last, char out[3])
{
	int count = quad[3] != '=' ? 3 : quad[2] != '=' ? 2 : 1;
	uint32_t group = 0;

	if (count < 3 && !is_last)
		return -1;
	for (int i = 0; i < 4; i++) {
		const char *hit = i <= count && quad[i] ? strchr(letters, quad[i]) : NULL;

		if (i <= count && !hit)
			return -1;
		group = group << 6 | (hit ? (uint32_t)(hit - letters) : 0);
	}
	if (group & ((1u << (8 * (3 - count))) - 1))
		return -1;
	for (int i = 0; i < count; i++)
		out[i] = (char)(group >> (16 - 8 * i));
	return count;
}

char *encoding_from_base64(const char *text, size_t len, size_t *out_len)
{
	CLEANUP(mem_freep) char *bytes = malloc(len / 4 * 3 + 1);
	size_t used = 0;

	if (!bytes || len % 4 != 0)
		return NULL;
	for (size_t i = 0; i < len; i += 4) {
		char part[3] = {0};
		int n = decode_quad(text + i, i + 4 == len, part);

		if (n < 0)
			return NULL;
		memcpy(bytes + used, part, (size_t)n);
		used += (size_t)n;
	}
	bytes[used] = '\0';
	*out_len = used;
	return TAKE(bytes);
}
