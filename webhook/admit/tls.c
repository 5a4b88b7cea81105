#include "webhook/admit/tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "injector/base/err.h"

/* The leaf, and what a cert-manager issuer puts between it and its authority. */
#define CHAIN_MAX 4u

struct identity {
	gnutls_pcert_st certs[CHAIN_MAX];
	unsigned count;
	gnutls_privkey_t key;
};

/* A handshake refers to an identity for as long as it takes it to sign, which is within the call
 * that asked for it.  The slots keep those of the last swaps, long after any such call. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct identity identities[TLS_KEPT_COUNT];
static unsigned served;
static bool is_serving;

static void discard(struct identity *identity)
{
	for (unsigned i = 0; i < identity->count; i++)
		gnutls_pcert_deinit(&identity->certs[i]);
	if (identity->key)
		gnutls_privkey_deinit(identity->key);
	*identity = (struct identity){0};
}

static int import(const char *crt, const char *key, struct identity *out)
{
	gnutls_datum_t crt_text = {(unsigned char *)(uintptr_t)crt, (unsigned)strlen(crt)};
	gnutls_datum_t key_text = {(unsigned char *)(uintptr_t)key, (unsigned)strlen(key)};
	unsigned count = CHAIN_MAX;
	int r = gnutls_pcert_list_import_x509_raw(out->certs, &count, &crt_text,
	                                          GNUTLS_X509_FMT_PEM, 0);

	if (r < 0)
		return r;
	out->count = count;
	r = gnutls_privkey_init(&out->key);
	if (r == 0)
		r = gnutls_privkey_import_x509_raw(out->key, &key_text, GNUTLS_X509_FMT_PEM, NULL,
		                                   0);
	if (r < 0)
		discard(out);
	return r;
}

int tls_serve(const char *crt, const char *key, struct err *err)
{
	struct identity fresh = {0}, oldest;
	unsigned slot;
	int r = import(crt, key, &fresh);

	if (r < 0)
		return err_set(err, EINVAL, "the certificate cannot be served: %s",
		               gnutls_strerror(r));
	pthread_mutex_lock(&lock);
	slot = is_serving ? (served + 1) % TLS_KEPT_COUNT : 0;
	oldest = identities[slot];
	identities[slot] = fresh;
	served = slot;
	is_serving = true;
	pthread_mutex_unlock(&lock);
	discard(&oldest);
	return 0;
}

void tls_done(void)
{
	pthread_mutex_lock(&lock);
	is_serving = false;
	for (unsigned i = 0; i < TLS_KEPT_COUNT; i++)
		discard(&identities[i]);
	pthread_mutex_unlock(&lock);
}

int tls_retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                 gnutls_pcert_st **certs, unsigned int *certs_length, gnutls_ocsp_data_st **ocsp,
                 unsigned int *ocsp_length, gnutls_privkey_t *privkey, unsigned int *flags)
{
	bool has_one;

	(void)session;
	(void)info;
	pthread_mutex_lock(&lock);
	has_one = is_serving;
	if (has_one) {
		*certs = identities[served].certs;
		*certs_length = identities[served].count;
		*privkey = identities[served].key;
	}
	pthread_mutex_unlock(&lock);
	*ocsp = NULL;
	*ocsp_length = 0;
	*flags = 0; /* they stay ours */
	return has_one ? 0 : -1;
}
