#include "webhook/cert/issue.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/own.h"

/* Clocks of nodes differ; a certificate that is too young is refused. */
#define BACKDATE_S 3600
/* RFC 5280 allows 20 bytes; the first bit stays clear. */
#define SERIAL_BYTES  16
#define SAN_BYTES_MAX 2048

void issue_cert_freep(X509 **cert)
{
	X509_free(*cert);
	*cert = NULL;
}

void issue_key_freep(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
	*key = NULL;
}

static void bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

EVP_PKEY *issue_key(void)
{
	return EVP_EC_gen("P-256");
}

static int set_serial(X509 *cert)
{
	unsigned char bytes[SERIAL_BYTES];
	BIGNUM *number;
	int ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return 0;
	bytes[0] = (bytes[0] & 0x7f) | 0x40;
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
	BN_free(number);
	return ok;
}

static int set_name(X509 *cert, const char *common_name)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
	                                  (const unsigned char *)"farguard", -1, -1, 0) &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	                                  (const unsigned char *)common_name, -1, -1, 0);
}

static int add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	int ok;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ok = extension && X509_add_ext(cert, extension, -1);
	X509_EXTENSION_free(extension);
	return ok;
}

/* A certificate with all that both kinds share, unsigned. */
static X509 *begin(EVP_PKEY *key, const char *common_name, time_t now, long life_s)
{
	CLEANUP(issue_cert_freep) X509 *cert = X509_new();

	if (!cert || !X509_set_version(cert, X509_VERSION_3) || !set_serial(cert) ||
	    !set_name(cert, common_name) || !X509_set_pubkey(cert, key) ||
	    !ASN1_TIME_set(X509_getm_notBefore(cert), now - BACKDATE_S) ||
	    !ASN1_TIME_set(X509_getm_notAfter(cert), now + life_s))
		return NULL;
	return TAKE(cert);
}

X509 *issue_ca(EVP_PKEY *key, time_t now, long life_s)
{
	CLEANUP(issue_cert_freep) X509 *cert = begin(key, "farguard-ca", now, life_s);

	if (!cert || !X509_set_issuer_name(cert, X509_get_subject_name(cert)) ||
	    !add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
	    !add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") ||
	    !add_extension(cert, cert, NID_subject_key_identifier, "hash") ||
	    !X509_sign(cert, key, EVP_sha256()))
		return NULL;
	return TAKE(cert);
}

/* "DNS:a,DNS:b"; false when it does not fit. */
static int format_names(const char *const *names, char *out, size_t cap)
{
	size_t used = 0;

	for (size_t i = 0; names[i]; i++) {
		int n = snprintf(out + used, cap - used, "%sDNS:%s", i ? "," : "", names[i]);

		if (n < 0 || (size_t)n >= cap - used)
			return 0;
		used += (size_t)n;
	}
	return used > 0;
}

X509 *issue_leaf(EVP_PKEY *key, const char *const *names, X509 *ca, EVP_PKEY *ca_key, time_t now,
                 long life_s)
{
	CLEANUP(issue_cert_freep) X509 *cert = begin(key, "farguard-webhook", now, life_s);
	char san[SAN_BYTES_MAX];

	if (!cert || !format_names(names, san, sizeof(san)) ||
	    !X509_set_issuer_name(cert, X509_get_subject_name(ca)) ||
	    !add_extension(cert, ca, NID_basic_constraints, "critical,CA:FALSE") ||
	    !add_extension(cert, ca, NID_key_usage, "critical,digitalSignature") ||
	    !add_extension(cert, ca, NID_ext_key_usage, "serverAuth") ||
	    !add_extension(cert, ca, NID_subject_key_identifier, "hash") ||
	    !add_extension(cert, ca, NID_authority_key_identifier, "keyid:always") ||
	    !add_extension(cert, ca, NID_subject_alt_name, san) ||
	    !X509_sign(cert, ca_key, EVP_sha256()))
		return NULL;
	return TAKE(cert);
}

/* What was written into `bio`, as a string of the caller's. */
static char *text_of(BIO *bio)
{
	char *bytes = NULL;
	long len = BIO_get_mem_data(bio, &bytes);

	return len > 0 ? strndup(bytes, (size_t)len) : NULL;
}

char *issue_format_cert(X509 *cert)
{
	CLEANUP(bio_freep) BIO *bio = BIO_new(BIO_s_mem());

	return bio && PEM_write_bio_X509(bio, cert) ? text_of(bio) : NULL;
}

char *issue_format_key(EVP_PKEY *key)
{
	CLEANUP(bio_freep) BIO *bio = BIO_new(BIO_s_mem());

	if (!bio || !PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		return NULL;
	return text_of(bio);
}

/* Never ask a terminal for the passphrase of an encrypted key. */
static int no_passphrase(char *buf, int size, int rwflag, void *ctx)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)ctx;
	return -1;
}

static BIO *open_text(const char *pem)
{
	size_t len = pem ? strnlen(pem, ISSUE_PEM_BYTES_MAX + 1) : 0;

	return len > 0 && len <= ISSUE_PEM_BYTES_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
}

X509 *issue_parse_cert(const char *pem)
{
	CLEANUP(bio_freep) BIO *bio = open_text(pem);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;

	if (!cert)
		ERR_clear_error();
	return cert;
}

EVP_PKEY *issue_parse_key(const char *pem)
{
	CLEANUP(bio_freep) BIO *bio = open_text(pem);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

	if (!key)
		ERR_clear_error();
	return key;
}

STACK_OF(X509) * issue_parse_certs(const char *pem, int max)
{
	CLEANUP(bio_freep) BIO *bio = open_text(pem);
	STACK_OF(X509) *certs = sk_X509_new_null();
	X509 *cert;

	while (bio && certs && sk_X509_num(certs) <= max &&
	       (cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL))) {
		if (!sk_X509_push(certs, cert)) {
			X509_free(cert);
			break;
		}
	}
	ERR_clear_error();
	if (certs && sk_X509_num(certs) > 0 && sk_X509_num(certs) <= max)
		return certs;
	sk_X509_pop_free(certs, X509_free);
	return NULL;
}
