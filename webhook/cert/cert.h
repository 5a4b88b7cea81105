/* cert.h - the webhook's authority and certificate: whether they are good, and new ones.
 *
 * Why      The API server trusts exactly what the webhook configuration names.  An authority of
 *          our own needs no other component; the certificate changes often, the authority hardly
 *          ever, and when it does the old one stays trusted beside the new one.
 * Owns     The four PEM texts of struct cert, until cert_done().
 * Threads  Pure, apart from randomness: the time is an argument.
 */
#ifndef FARGUARD_CERT_CERT_H
#define FARGUARD_CERT_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define CERT_BUNDLE_MAX 32

struct err;

/* The keys of the Secret; NULL for one that is missing. */
struct cert {
	char *ca_crt; /* the authority that signs, then, while it still counts, its predecessor */
	char *ca_key;
	char *tls_crt;
	char *tls_key;
};

struct cert_terms {
	const char *const *names; /* NULL-terminated: the DNS names of the server */
	long ca_life_s;
	long leaf_life_s;
	long leaf_age_max_s; /* older is renewed */
};

enum cert_state {
	CERT_GOOD,
	CERT_LEAF_DUE, /* the authority is good, the certificate missing, wrong or old */
	CERT_CA_DUE,   /* the authority is missing, wrong, or has less than a third of its life */
};

/* What `cert` needs at `now`; `*out_why` is a few words for a log, "" when good. */
enum cert_state cert_check(const struct cert *cert, const struct cert_terms *terms, time_t now,
                           const char **out_why);

/* Whether `cert` can be served at `now`: the certificate is signed by ca_crt, carries the first of
 * `names`, fits its key and has not expired. */
bool cert_is_usable(const struct cert *cert, const char *const *names, time_t now);

/* Whether one of the certificates in `bundle` (PEM, at most CERT_BUNDLE_MAX count) vouches at `now`
 * for the server's certificate that `chain` (PEM) begins with, under `name`; as the API server does
 * it, any of them may be the anchor. */
bool cert_vouches(const char *bundle, const char *chain, const char *name, time_t now);

/* What is wrong with a certificate and a key that others made, for a log; NULL when they can be
 * served as `name` at `now`. */
const char *cert_fault(const char *chain, const char *key, const char *name, time_t now);

/* Put what `state` says is due into `out`, the rest copied from `old`.  Returns 0 or -errno, `out`
 * empty then. */
int cert_renew(const struct cert *old, enum cert_state state, const struct cert_terms *terms,
               time_t now, struct cert *out, struct err *err);

/* When the first certificate of a PEM text ends, or -1. */
time_t cert_expiry(const char *pem);

bool cert_equal(const struct cert *a, const struct cert *b);
void cert_done(struct cert *cert);

#endif
