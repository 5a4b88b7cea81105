#include "webhook/admit/lent.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/admit/admit.h"
#include "webhook/admit/keeper.h"
#include "webhook/admit/log.h"
#include "webhook/kube/bundle.h"
#include "webhook/kube/secret.h"

/* What is asked of the bundles: whether each vouches for the certificate, and for the one served.
 */
struct question {
	const char *name, *fresh, *served;
	bool vouches_served;
};

static bool vouches(void *ctx, const char *bundle)
{
	struct question *question = ctx;
	time_t now = time(NULL);

	if (question->served)
		question->vouches_served &=
		        cert_vouches(bundle, question->served, question->name, now);
	return cert_vouches(bundle, question->fresh, question->name, now);
}

static int read_secret(struct keeper *keeper, struct cert *out, struct err *err)
{
	CLEANUP(secret_done) struct secret secret = {0};
	const char *fault;
	int r = secret_read(keeper->http, keeper->namespace, KEEPER_SECRET, &secret, err);

	if (r < 0)
		return err_wrap(err, "waiting for cert-manager");
	out->tls_crt = secret_get(&secret, "tls.crt");
	out->tls_key = secret_get(&secret, "tls.key");
	fault = cert_fault(out->tls_crt, out->tls_key, keeper->names[0], time(NULL));
	return fault ? err_set(err, EBADMSG,
	                       "waiting for cert-manager: Secret " KEEPER_SECRET ": %s", fault)
	             : 0;
}

static void trust(struct keeper *keeper, bool is_trusted)
{
	if (atomic_exchange(&keeper->admit->is_trusted, is_trusted) == is_trusted)
		return;
	log_say(is_trusted ? LOG_INFO : LOG_WARN,
	        is_trusted ? "caBundle vouches for the certificate"
	                   : "caBundle does not vouch for the certificate",
	        NULL, NULL);
}

int lent_step(struct keeper *keeper, struct err *err)
{
	CLEANUP(cert_done) struct cert cert = {0};
	struct question question = {.name = keeper->names[0], .vouches_served = true};
	bool is_same, is_vouched = false;
	int r = read_secret(keeper, &cert, err);

	if (r < 0)
		return r;
	is_same = cert_equal(&cert, &keeper->served);
	question.fresh = cert.tls_crt;
	question.served = keeper->served.tls_crt;
	r = bundle_check(keeper->http, KEEPER_CONFIG, vouches, &question, &is_vouched, err);
	if (r < 0 && keeper->served.tls_crt)
		return r;
	if (!is_same && (!keeper->served.tls_crt || is_vouched || !question.vouches_served)) {
		int served = keeper_serve(keeper, &cert, err);

		if (served < 0)
			return served;
	} else if (!is_same) {
		/* The one that is served still counts. */
		is_vouched = true;
		keeper->wait_ms = KEEPER_PENDING_MS;
	}
	if (r < 0)
		return r;
	if (!is_vouched)
		keeper->wait_ms = KEEPER_PENDING_MS;
	trust(keeper, is_vouched);
	return 0;
}
