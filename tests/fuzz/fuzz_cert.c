/* fuzz_cert.c - any bytes as the four texts of the Secret, separated by NUL: read, judged, and,
 * when they are good, really usable. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "webhook/cert/cert.h"

#define NOW 1800000000L

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The text up to the next NUL or the end; an empty one is a key that the Secret lacks. */
static char *next_text(const uint8_t **at, size_t *left)
{
	const uint8_t *end = *left ? memchr(*at, '\0', *left) : NULL;
	size_t len = end ? (size_t)(end - *at) : *left;
	char *text = len ? strndup((const char *)*at, len) : NULL;

	*at += end ? len + 1 : len;
	*left -= end ? len + 1 : len;
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"farguard-webhook.farguard.svc", NULL};
	static const struct cert_terms terms = {names, 3650 * 86400L, 90 * 86400L, 30 * 86400L};
	struct cert cert = {0};
	enum cert_state state;
	const char *why = NULL;

	if (size == 0)
		return 0;
	cert.ca_crt = next_text(&data, &size);
	cert.ca_key = next_text(&data, &size);
	cert.tls_crt = next_text(&data, &size);
	cert.tls_key = next_text(&data, &size);
	state = cert_check(&cert, &terms, NOW, &why);
	if (!why || (state == CERT_GOOD) != (*why == '\0'))
		abort();
	if (state == CERT_GOOD &&
	    (!cert_is_usable(&cert, names, NOW) || cert_expiry(cert.tls_crt) <= NOW))
		abort();
	if (!cert_equal(&cert, &cert))
		abort();
	cert_done(&cert);
	return 0;
}
