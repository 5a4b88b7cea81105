#include "webhook/admit/tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"

/* Leaf alone: its authority is what the API server already has. */
#define CHAIN_MAX 1u

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *served_crt, *served_key;

static void discard(gnutls_pcert_st *certs, unsigned count, gnutls_privkey_t key)
{
	for (unsigned i = 0; i < count; i++)
		gnutls_pcert_deinit(&certs[i]);
	gnutls_free(certs);
	if (key)
		gnutls_privkey_deinit(key);
}

/* What gnutls wants, made from the texts; it frees them itself after the handshake. */
static int import(const char *crt, const char *key, gnutls_pcert_st **out_certs,
                  unsigned *out_count, gnutls_privkey_t *out_key)
{
	gnutls_pcert_st *certs = gnutls_calloc(CHAIN_MAX, sizeof(*certs));
	gnutls_datum_t crt_text = {(unsigned char *)(uintptr_t)crt, (unsigned)strlen(crt)};
	gnutls_datum_t key_text = {(unsigned char *)(uintptr_t)key, (unsigned)strlen(key)};
	gnutls_privkey_t private_key = NULL;
	unsigned count = CHAIN_MAX;
	int r = certs ? 0 : GNUTLS_E_MEMORY_ERROR;

	if (r == 0)
		r = gnutls_pcert_list_import_x509_raw(certs, &count, &crt_text, GNUTLS_X509_FMT_PEM,
		                                      0);
	if (r < 0) {
		gnutls_free(certs);
		return r;
	}
	r = gnutls_privkey_init(&private_key);
	if (r == 0)
		r = gnutls_privkey_import_x509_raw(private_key, &key_text, GNUTLS_X509_FMT_PEM,
		                                   NULL, 0);
	if (r < 0) {
		discard(certs, count, private_key);
		return r;
	}
	*out_certs = certs;
	*out_count = count;
	*out_key = private_key;
	return 0;
}

int tls_serve(const char *crt, const char *key, struct err *err)
{
	char *new_crt = strdup(crt), *new_key = strdup(key);
	char *old_crt, *old_key;
	gnutls_privkey_t private_key;
	gnutls_pcert_st *certs;
	unsigned count;
	int r = new_crt && new_key ? import(crt, key, &certs, &count, &private_key)
	                           : GNUTLS_E_MEMORY_ERROR;

	if (r < 0) {
		free(new_crt);
		free(new_key);
		return err_set(err, EINVAL, "the certificate cannot be served: %s",
		               gnutls_strerror(r));
	}
	discard(certs, count, private_key);
	pthread_mutex_lock(&lock);
	old_crt = served_crt;
	old_key = served_key;
	served_crt = new_crt;
	served_key = new_key;
	pthread_mutex_unlock(&lock);
	free(old_crt);
	if (old_key)
		explicit_bzero(old_key, strlen(old_key));
	free(old_key);
	return 0;
}

void tls_done(void)
{
	pthread_mutex_lock(&lock);
	free(served_crt);
	free(served_key);
	served_crt = served_key = NULL;
	pthread_mutex_unlock(&lock);
}

int tls_retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                 gnutls_pcert_st **certs, unsigned int *certs_length, gnutls_ocsp_data_st **ocsp,
                 unsigned int *ocsp_length, gnutls_privkey_t *privkey, unsigned int *flags)
{
	int r = GNUTLS_E_NO_CERTIFICATE_FOUND;

	(void)session;
	(void)info;
	pthread_mutex_lock(&lock);
	if (served_crt)
		r = import(served_crt, served_key, certs, certs_length, privkey);
	pthread_mutex_unlock(&lock);
	*ocsp = NULL;
	*ocsp_length = 0;
	*flags = GNUTLS_CERT_RETR_DEINIT_ALL;
	return r < 0 ? -1 : 0;
}
