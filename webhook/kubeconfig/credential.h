/* credential.h - what a credential plugin prints: an ExecCredential.
 *
 * Owns     Its strings, until credential_done().
 * Threads  Pure.
 */
#ifndef FARGUARD_KUBECONFIG_CREDENTIAL_H
#define FARGUARD_KUBECONFIG_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define CREDENTIAL_BYTES_MAX (1u << 20)
#define CREDENTIAL_DEPTH_MAX 32

struct err;

struct credential {
	char *token;      /* or NULL */
	char *cert, *key; /* PEM, or both NULL */
	bool expires;
	time_t expiry;
	char expiry_text[40]; /* as it was given */
};

/* Read `text`, which must be an ExecCredential of `api_version` with a token, or a certificate
 * and its key.  Returns 0, -EPROTO with `err` set, or -ENOMEM; nothing is kept on failure. */
int credential_parse(const char *text, size_t len, const char *api_version, struct credential *out,
                     struct err *err);
void credential_done(struct credential *credential);

#endif
