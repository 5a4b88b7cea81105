#include "webhook/cert/cert.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/cert/issue.h"

static time_t time_of(const ASN1_TIME *when)
{
	struct tm broken = {0};

	return when && ASN1_TIME_to_tm(when, &broken) ? timegm(&broken) : -1;
}

static void store_freep(X509_STORE **store)
{
	X509_STORE_free(*store);
}

static void store_ctx_freep(X509_STORE_CTX **context)
{
	X509_STORE_CTX_free(*context);
}

time_t cert_expiry(const char *pem)
{
	CLEANUP(issue_cert_freep) X509 *cert = issue_parse_cert(pem);

	return cert ? time_of(X509_get0_notAfter(cert)) : -1;
}

static bool is_signed_by(X509 *leaf, X509 *ca, time_t now)
{
	CLEANUP(store_freep) X509_STORE *store = X509_STORE_new();
	CLEANUP(store_ctx_freep) X509_STORE_CTX *context = X509_STORE_CTX_new();

	if (!store || !context || !X509_STORE_add_cert(store, ca) ||
	    !X509_STORE_CTX_init(context, store, leaf, NULL))
		return false;
	X509_STORE_CTX_set_time(context, 0, now);
	X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
	return X509_verify_cert(context) == 1;
}

static bool has_names(X509 *leaf, const char *const *names, size_t count)
{
	for (size_t i = 0; names[i] && i < count; i++)
		if (X509_check_host(leaf, names[i], 0, 0, NULL) != 1)
			return false;
	return true;
}

static bool fits(X509 *cert, EVP_PKEY *key)
{
	bool is_pair = X509_check_private_key(cert, key) == 1;

	ERR_clear_error();
	return is_pair;
}

static const char *fault_of_ca(X509 *ca, EVP_PKEY *key, time_t now)
{
	time_t begin, end;

	if (!ca)
		return "no authority yet";
	if (!key)
		return "the authority's key is missing";
	if (!fits(ca, key))
		return "the authority's key is another's";
	if (X509_check_ca(ca) != 1)
		return "the authority may not sign";
	begin = time_of(X509_get0_notBefore(ca));
	end = time_of(X509_get0_notAfter(ca));
	if (now < begin || end - now < (end - begin) / 3)
		return "the authority ends soon";
	return NULL;
}

static const char *fault_of_leaf(X509 *leaf, EVP_PKEY *key, X509 *ca, const char *const *names,
                                 size_t name_count, time_t now)
{
	if (!leaf)
		return "no certificate yet";
	if (!key)
		return "the certificate's key is missing";
	if (!fits(leaf, key))
		return "the certificate's key is another's";
	if (!is_signed_by(leaf, ca, now))
		return "the certificate is not the authority's, or has expired";
	if (!has_names(leaf, names, name_count))
		return "the certificate names another server";
	return NULL;
}

enum cert_state cert_check(const struct cert *cert, const struct cert_terms *terms, time_t now,
                           const char **out_why)
{
	CLEANUP(issue_cert_freep) X509 *ca = issue_parse_cert(cert->ca_crt);
	CLEANUP(issue_cert_freep) X509 *leaf = issue_parse_cert(cert->tls_crt);
	CLEANUP(issue_key_freep) EVP_PKEY *ca_key = issue_parse_key(cert->ca_key);
	CLEANUP(issue_key_freep) EVP_PKEY *leaf_key = issue_parse_key(cert->tls_key);
	time_t begin, end;

	*out_why = fault_of_ca(ca, ca_key, now);
	if (*out_why)
		return CERT_CA_DUE;
	*out_why = fault_of_leaf(leaf, leaf_key, ca, terms->names, SIZE_MAX, now);
	if (*out_why)
		return CERT_LEAF_DUE;
	begin = time_of(X509_get0_notBefore(leaf));
	end = time_of(X509_get0_notAfter(leaf));
	*out_why = "the certificate is due for renewal";
	if (now - begin > terms->leaf_age_max_s || end - now < (end - begin) / 3)
		return CERT_LEAF_DUE;
	*out_why = "";
	return CERT_GOOD;
}

bool cert_is_usable(const struct cert *cert, const char *const *names, time_t now)
{
	CLEANUP(issue_cert_freep) X509 *ca = issue_parse_cert(cert->ca_crt);
	CLEANUP(issue_cert_freep) X509 *leaf = issue_parse_cert(cert->tls_crt);
	CLEANUP(issue_key_freep) EVP_PKEY *key = issue_parse_key(cert->tls_key);

	return ca && !fault_of_leaf(leaf, key, ca, names, 1, now);
}

static void stack_freep(STACK_OF(X509) * *stack)
{
	sk_X509_pop_free(*stack, X509_free);
}

bool cert_vouches(const char *bundle, const char *chain, const char *name, time_t now)
{
	CLEANUP(stack_freep) STACK_OF(X509) *anchors = issue_parse_certs(bundle, CERT_BUNDLE_MAX);
	CLEANUP(stack_freep) STACK_OF(X509) *served = issue_parse_certs(chain, CERT_BUNDLE_MAX);
	CLEANUP(store_freep) X509_STORE *store = X509_STORE_new();
	CLEANUP(store_ctx_freep) X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509 *leaf = served && sk_X509_num(served) ? sk_X509_value(served, 0) : NULL;
	bool vouches;

	if (!store || !context || !anchors || !leaf)
		return false;
	for (int i = 0; i < sk_X509_num(anchors); i++)
		if (!X509_STORE_add_cert(store, sk_X509_value(anchors, i)))
			return false;
	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	if (!X509_STORE_CTX_init(context, store, leaf, served))
		return false;
	X509_STORE_CTX_set_time(context, 0, now);
	X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
	vouches = X509_verify_cert(context) == 1 && X509_check_host(leaf, name, 0, 0, NULL) == 1;
	ERR_clear_error();
	return vouches;
}

const char *cert_fault(const char *chain, const char *key, const char *name, time_t now)
{
	CLEANUP(issue_cert_freep) X509 *leaf = issue_parse_cert(chain);
	CLEANUP(issue_key_freep) EVP_PKEY *its = issue_parse_key(key);

	if (!leaf)
		return "there is no certificate in it";
	if (!its)
		return "the certificate's key is missing";
	if (!fits(leaf, its))
		return "the certificate's key is another's";
	if (X509_check_host(leaf, name, 0, 0, NULL) != 1)
		return "the certificate names another server";
	if (time_of(X509_get0_notAfter(leaf)) <= now)
		return "the certificate has expired";
	return NULL;
}

/* ca_crt with `fresh` in front of the authority that it has now, when that one still counts. */
static char *join_authorities(char *fresh, const char *old, time_t now)
{
	CLEANUP(issue_cert_freep) X509 *cert = issue_parse_cert(old);
	CLEANUP(mem_freep) char *text = NULL;
	char *joined = NULL;

	if (!cert || time_of(X509_get0_notAfter(cert)) <= now)
		return fresh;
	text = issue_format_cert(cert);
	if (!text || asprintf(&joined, "%s%s", fresh, text) < 0)
		joined = NULL;
	free(fresh);
	return joined;
}

static int renew_ca(const struct cert *old, const struct cert_terms *terms, time_t now,
                    struct cert *out)
{
	CLEANUP(issue_key_freep) EVP_PKEY *key = issue_key();
	CLEANUP(issue_cert_freep) X509 *ca = key ? issue_ca(key, now, terms->ca_life_s) : NULL;
	char *text = ca ? issue_format_cert(ca) : NULL;

	if (!text)
		return -ENOMEM;
	out->ca_key = issue_format_key(key);
	out->ca_crt = join_authorities(text, old->ca_crt, now);
	return out->ca_key && out->ca_crt ? 0 : -ENOMEM;
}

static int renew_leaf(const struct cert_terms *terms, time_t now, struct cert *out)
{
	CLEANUP(issue_cert_freep) X509 *ca = issue_parse_cert(out->ca_crt);
	CLEANUP(issue_key_freep) EVP_PKEY *ca_key = issue_parse_key(out->ca_key);
	CLEANUP(issue_key_freep) EVP_PKEY *key = issue_key();
	CLEANUP(issue_cert_freep) X509 *leaf = NULL;

	if (!ca || !ca_key || !key)
		return -EINVAL;
	leaf = issue_leaf(key, terms->names, ca, ca_key, now, terms->leaf_life_s);
	if (!leaf)
		return -EINVAL;
	out->tls_crt = issue_format_cert(leaf);
	out->tls_key = issue_format_key(key);
	return out->tls_crt && out->tls_key ? 0 : -ENOMEM;
}

int cert_renew(const struct cert *old, enum cert_state state, const struct cert_terms *terms,
               time_t now, struct cert *out, struct err *err)
{
	int r = 0;

	assert(state != CERT_GOOD);
	*out = (struct cert){0};
	if (state == CERT_CA_DUE) {
		r = renew_ca(old, terms, now, out);
	} else {
		out->ca_crt = strdup(old->ca_crt);
		out->ca_key = strdup(old->ca_key);
		if (!out->ca_crt || !out->ca_key)
			r = -ENOMEM;
	}
	if (r == 0)
		r = renew_leaf(terms, now, out);
	if (r == 0)
		return 0;
	cert_done(out);
	return err_set(err, -r, "a certificate cannot be made");
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool cert_equal(const struct cert *a, const struct cert *b)
{
	return same(a->ca_crt, b->ca_crt) && same(a->ca_key, b->ca_key) &&
	       same(a->tls_crt, b->tls_crt) && same(a->tls_key, b->tls_key);
}

static void wipe(char *secret)
{
	if (secret)
		OPENSSL_cleanse(secret, strlen(secret));
	free(secret);
}

void cert_done(struct cert *cert)
{
	free(cert->ca_crt);
	wipe(cert->ca_key);
	free(cert->tls_crt);
	wipe(cert->tls_key);
	*cert = (struct cert){0};
}
