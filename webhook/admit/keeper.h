/* keeper.h - keep certificate, Secret and webhook configuration in step.
 *
 * Why      Several replicas share one Secret: each reads it, whoever finds it due renews it, and
 *          the server decides who was first.  The API server is told of an authority before a
 *          certificate of it is served, and some time: it hears of it by a watch.
 *          Where cert-manager keeps the Secret (tls.source), nothing is written: see lent.h.
 * Owns     Its connection, until keeper_done(); the rest is the caller's.
 * Threads  keeper_run() fills a thread.
 * Errors   Logged; tried again, doubling to KEEPER_RETRY_MS_MAX.
 */
#ifndef FARGUARD_ADMIT_KEEPER_H
#define FARGUARD_ADMIT_KEEPER_H

#include "webhook/cert/cert.h"

#define KEEPER_PERIOD_MS    10000u
#define KEEPER_SETTLE_MS    3000u /* from an authority's being told to its use */
#define KEEPER_PENDING_MS   1000u /* while something is to come at any moment */
#define KEEPER_RETRY_MS_MAX 30000u
#define KEEPER_SECRET       "farguard-tls"
#define KEEPER_CONFIG       "farguard"

struct admit;
struct err;
struct http;
struct http_settings;
struct stop;

struct keeper {
	struct admit *admit;
	struct stop *stop;
	struct http *http;
	const char *namespace;
	struct cert served;
	char *awaited;    /* an authority that has been told, and settles */
	bool is_lent;     /* tls.source: cert-manager */
	unsigned wait_ms; /* until the next step, when this one succeeds */
	struct cert_terms terms;
	char names[4][200];       /* what the API server may call us */
	const char *name_list[5]; /* the same, NULL-terminated */
};

int keeper_init(struct keeper *keeper, struct admit *admit, struct stop *stop,
                const struct http_settings *settings, const char *namespace, const char *service,
                struct err *err);
void keeper_done(struct keeper *keeper);

/* Serve the texts of `cert`, which is emptied, from the next handshake on. */
int keeper_serve(struct keeper *keeper, struct cert *cert, struct err *err);

/* Serve a certificate that nobody trusts, so that probes get answers from the first moment. */
int keeper_serve_own(struct keeper *keeper, struct err *err);

/* Until stop says so. */
void keeper_run(struct keeper *keeper);

#endif
