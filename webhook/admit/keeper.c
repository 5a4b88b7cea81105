#include "webhook/admit/keeper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/admit/admit.h"
#include "webhook/admit/config.h"
#include "webhook/admit/lent.h"
#include "webhook/admit/log.h"
#include "webhook/admit/stop.h"
#include "webhook/admit/tls.h"
#include "webhook/http/http.h"
#include "webhook/kube/api.h"
#include "webhook/kube/bundle.h"
#include "webhook/kube/secret.h"
#include "webhook/policy/policy.h"

#define DAY_S          86400L
#define CA_LIFE_S      (3650 * DAY_S)
#define RETRY_MS_MIN   500u
#define CONFLICT_COUNT 5

/* The configuration may have changed. */
static void take_terms(struct keeper *keeper)
{
	const struct policy *policy = config_get(keeper->admit->config);
	long rotate_s = policy->tls.rotate_days * DAY_S;

	config_put(keeper->admit->config, policy);
	/* Three times the age at which it is renewed: two renewals may fail. */
	keeper->terms = (struct cert_terms){.names = keeper->name_list,
	                                    .ca_life_s = CA_LIFE_S,
	                                    .leaf_life_s = 3 * rotate_s,
	                                    .leaf_age_max_s = rotate_s};
}

/* Read once: it takes a restart. */
static bool is_lent(struct config *config)
{
	const struct policy *policy = config_get(config);
	bool is = strcmp(policy->tls.source, "cert-manager") == 0;

	config_put(config, policy);
	return is;
}

int keeper_init(struct keeper *keeper, struct admit *admit, struct stop *stop,
                const struct http_settings *settings, const char *namespace, const char *service,
                struct err *err)
{
	static const char *const tails[] = {".svc", ".svc.cluster.local", "", NULL};

	*keeper = (struct keeper){.admit = admit, .stop = stop, .namespace = namespace};
	for (size_t i = 0; i < 4; i++) {
		if (tails[i])
			snprintf(keeper->names[i], sizeof(keeper->names[i]), "%s.%s%s", service,
			         namespace, tails[i]);
		else
			snprintf(keeper->names[i], sizeof(keeper->names[i]), "%s", service);
		keeper->name_list[i] = keeper->names[i];
	}
	keeper->is_lent = is_lent(admit->config);
	take_terms(keeper);
	return http_open(&keeper->http, settings, err);
}

void keeper_done(struct keeper *keeper)
{
	http_close(keeper->http);
	keeper->http = NULL;
	cert_done(&keeper->served);
	free(TAKE(keeper->awaited));
	tls_done();
}

int keeper_serve_own(struct keeper *keeper, struct err *err)
{
	CLEANUP(cert_done) struct cert own = {0};
	struct cert none = {0};
	int r = cert_renew(&none, CERT_CA_DUE, &keeper->terms, time(NULL), &own, err);

	return r < 0 ? r : tls_serve(own.tls_crt, own.tls_key, err);
}

static void take_texts(const struct secret *secret, struct cert *out)
{
	out->ca_crt = secret_get(secret, "ca.crt");
	out->ca_key = secret_get(secret, "ca.key");
	out->tls_crt = secret_get(secret, "tls.crt");
	out->tls_key = secret_get(secret, "tls.key");
}

static int put_texts(struct secret *secret, const struct cert *cert)
{
	int r = secret_put(secret, "ca.crt", cert->ca_crt);

	if (r == 0)
		r = secret_put(secret, "ca.key", cert->ca_key);
	if (r == 0)
		r = secret_put(secret, "tls.crt", cert->tls_crt);
	return r < 0 ? r : secret_put(secret, "tls.key", cert->tls_key);
}

/* What the Secret holds, renewed in it first where that is due. */
static int agree_once(struct keeper *keeper, struct cert *out, struct err *err)
{
	CLEANUP(secret_done) struct secret secret = {0};
	CLEANUP(cert_done) struct cert held = {0};
	CLEANUP(cert_done) struct cert fresh = {0};
	enum cert_state state;
	const char *why;
	int r = secret_read(keeper->http, keeper->namespace, KEEPER_SECRET, &secret, err);

	if (r < 0)
		return r;
	take_texts(&secret, &held);
	state = cert_check(&held, &keeper->terms, time(NULL), &why);
	if (state == CERT_GOOD) {
		*out = held;
		held = (struct cert){0};
		return 0;
	}
	r = cert_renew(&held, state, &keeper->terms, time(NULL), &fresh, err);
	if (r == 0 && put_texts(&secret, &fresh) < 0)
		r = err_set(err, ENOMEM, "no memory");
	if (r == 0)
		r = secret_write(keeper->http, keeper->namespace, KEEPER_SECRET, &secret, err);
	if (r < 0)
		return r;
	log_say(LOG_INFO, state == CERT_CA_DUE ? "authority made" : "certificate made", "why", why);
	*out = fresh;
	fresh = (struct cert){0};
	return 0;
}

static int agree(struct keeper *keeper, struct cert *out, struct err *err)
{
	int r = -EAGAIN;

	/* Another replica wrote first: what it wrote is as good. */
	for (int i = 0; i < CONFLICT_COUNT && r == -EAGAIN; i++)
		r = agree_once(keeper, out, err);
	return r;
}

int keeper_serve(struct keeper *keeper, struct cert *cert, struct err *err)
{
	int r = tls_serve(cert->tls_crt, cert->tls_key, err);

	if (r < 0)
		return r;
	cert_done(&keeper->served);
	keeper->served = *cert;
	*cert = (struct cert){0};
	atomic_store(&keeper->admit->certificate_expiry_s,
	             (int64_t)cert_expiry(keeper->served.tls_crt));
	atomic_store(&keeper->admit->has_certificate, true);
	log_say(LOG_INFO, "certificate served", "namespace", keeper->namespace);
	return 0;
}

/* Whether a certificate of a new authority has to wait: the one before is good as well, and an API
 * server may not have heard of the change. */
static bool must_settle(struct keeper *keeper, const struct cert *cert)
{
	bool is_new = !keeper->awaited || strcmp(keeper->awaited, cert->ca_crt) != 0;

	if (!keeper->served.tls_crt || strcmp(keeper->served.ca_crt, cert->ca_crt) == 0 ||
	    !cert_vouches(cert->ca_crt, keeper->served.tls_crt, keeper->names[0], time(NULL)))
		return false;
	if (is_new) {
		free(keeper->awaited);
		keeper->awaited = strdup(cert->ca_crt);
	}
	return is_new && keeper->awaited;
}

/* Make the API server trust `cert`, then serve it. */
static int publish(struct keeper *keeper, struct cert *cert, struct err *err)
{
	bool has_changed = false;
	int r = bundle_put(keeper->http, KEEPER_CONFIG, cert->ca_crt, &has_changed, err), served;

	/* Once true it stays: an API server that is away must not find the webhook gone as well. */
	if (r == 0)
		atomic_store(&keeper->admit->is_trusted, true);
	if (has_changed) {
		log_say(LOG_INFO, "caBundle written", NULL, NULL);
		/* A replica that read the Secret before another wrote it may have the older. */
		keeper->wait_ms = KEEPER_PENDING_MS;
	}
	/* Without the configuration nobody calls; with an old one the old certificate may count. */
	if (r < 0 && keeper->served.tls_crt)
		return r;
	if (cert_equal(cert, &keeper->served))
		return r;
	if (must_settle(keeper, cert)) {
		keeper->wait_ms = KEEPER_SETTLE_MS;
		return r;
	}
	served = keeper_serve(keeper, cert, err);
	return served < 0 ? served : r;
}

static int ask_version(struct keeper *keeper, struct err *err)
{
	int minor = 0;
	int r = api_minor_version(keeper->http, &minor, err);

	if (r == 0)
		atomic_store(&keeper->admit->has_native_sidecars, API_HAS_NATIVE_SIDECARS(minor));
	return r;
}

static int step(struct keeper *keeper, struct err *err)
{
	CLEANUP(cert_done) struct cert cert = {0};
	struct err untold = {0};
	int version = ask_version(keeper, &untold), r;

	take_terms(keeper);
	keeper->wait_ms = KEEPER_PERIOD_MS;
	if (keeper->is_lent)
		r = lent_step(keeper, err);
	else
		r = agree(keeper, &cert, err);
	if (r == 0 && !keeper->is_lent)
		r = publish(keeper, &cert, err);
	/* That the version is not told must not keep the certificate from being renewed. */
	if (r == 0 && version < 0) {
		*err = untold;
		r = version;
	}
	return r;
}

void keeper_run(struct keeper *keeper)
{
	unsigned retry_ms = RETRY_MS_MIN, wait_ms;

	do {
		struct err err = {0};
		int r = step(keeper, &err);

		if (r == -ECANCELED)
			return;
		wait_ms = r < 0 ? retry_ms : keeper->wait_ms;
		retry_ms = r == 0                               ? RETRY_MS_MIN
		           : retry_ms * 2 < KEEPER_RETRY_MS_MAX ? retry_ms * 2
		                                                : KEEPER_RETRY_MS_MAX;
		if (r < 0)
			log_say(LOG_WARN, "certificate not in step", "error", err.text);
	} while (stop_wait(keeper->stop, wait_ms));
}
