#include "webhook/registry/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "injector/base/own.h"

static void ctx_freep(EVP_MD_CTX **ctx)
{
	EVP_MD_CTX_free(*ctx);
}

int digest_sum(const struct str *parts, size_t count, uint8_t out[DIGEST_BYTES])
{
	CLEANUP(ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);

	for (size_t i = 0; ok && i < count; i++) {
		uint64_t len = parts[i].len;

		ok = EVP_DigestUpdate(ctx, &len, sizeof(len)) &&
		     EVP_DigestUpdate(ctx, parts[i].ptr, parts[i].len);
	}
	return ok && EVP_DigestFinal_ex(ctx, out, NULL) ? 0 : -ENOMEM;
}

int digest_format(const char *bytes, size_t len, char out[REFERENCE_DIGEST_MAX])
{
	uint8_t sum[DIGEST_BYTES];

	if (!EVP_Digest(bytes, len, sum, NULL, EVP_sha256(), NULL))
		return -ENOMEM;
	snprintf(out, REFERENCE_DIGEST_MAX, "sha256:");
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		snprintf(out + 7 + 2 * i, 3, "%02x", sum[i]);
	return 0;
}
