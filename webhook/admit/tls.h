/* tls.h - the certificate that the admission port serves, replaceable at any time.
 *
 * Why      Certificates are renewed while connections come in; each handshake takes the one of
 *          its moment.
 *          It is parsed once: parsing took a third of a handshake's time, and memory in each.
 * Limits   The TLS_KEPT_COUNT last ones are kept, for handshakes that began under them.
 * Threads  Any.  One a process: the handshake's callback carries no context.
 */
#ifndef FARGUARD_ADMIT_TLS_H
#define FARGUARD_ADMIT_TLS_H

#include <gnutls/abstract.h>

#define TLS_KEPT_COUNT 16u

struct err;

/* Serve `crt` with `key` (PEM, copied) from now on.  Returns 0, or -EINVAL and the one before
 * stays. */
int tls_serve(const char *crt, const char *key, struct err *err);

/* Forget it. */
void tls_done(void);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK2. */
gnutls_certificate_retrieve_function3 tls_retrieve;

#endif
