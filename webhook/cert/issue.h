/* issue.h - make keys and certificates, and read them back.
 *
 * Owns     Nothing; every X509 and EVP_PKEY belongs to the caller.
 * Limits   PEM texts up to ISSUE_PEM_BYTES_MAX.
 * Threads  Pure, apart from randomness.
 */
#ifndef FARGUARD_CERT_ISSUE_H
#define FARGUARD_CERT_ISSUE_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stddef.h>
#include <time.h>

#define ISSUE_PEM_BYTES_MAX (64u << 10)

/* CLEANUP for one of each. */
void issue_cert_freep(X509 **cert);
void issue_key_freep(EVP_PKEY **key);

/* A new P-256 key, or NULL. */
EVP_PKEY *issue_key(void);

/* A self-signed authority for `key`, valid from an hour before `now` for `life_s`; or NULL. */
X509 *issue_ca(EVP_PKEY *key, time_t now, long life_s);

/* A server's certificate for `names` (NULL-terminated, DNS), signed by `ca`; or NULL. */
X509 *issue_leaf(EVP_PKEY *key, const char *const *names, X509 *ca, EVP_PKEY *ca_key, time_t now,
                 long life_s);

/* PEM texts, malloc'ed; NULL without memory. */
char *issue_format_cert(X509 *cert);
char *issue_format_key(EVP_PKEY *key);

/* The first certificate (key) in a PEM text, or NULL when there is none. */
X509 *issue_parse_cert(const char *pem);
EVP_PKEY *issue_parse_key(const char *pem);

/* Every certificate in a PEM text, in its order; NULL when there is none, or more than `max`.  For
 * sk_X509_pop_free(). */
STACK_OF(X509) * issue_parse_certs(const char *pem, int max);

#endif
