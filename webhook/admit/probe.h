/* probe.h - ask the API server for a guarded pod, by dry run, and see whether one comes back.
 *
 * Why      That the webhook runs says nothing of whether the API server reaches it, trusts it and
 *          calls it: a firewall, a caBundle, a Service without endpoints all leave pods unguarded
 *          in silence (failurePolicy Ignore).  The chart has an entry of its own for this pod,
 *          with failurePolicy Fail and for nothing else, so that the server says what is wrong.
 *          It stands in Farguard's own namespace: in any other one quotas, policies and webhooks
 *          of others would decide, and the right to create pods would reach further.
 * Owns     Its connection, until probe_done().
 * Limits   One pod at a time, every PROBE_PERIOD_S; nothing is ever created.
 * Threads  probe_run() fills a thread; what it found stands in struct admit.
 */
#ifndef FARGUARD_ADMIT_PROBE_H
#define FARGUARD_ADMIT_PROBE_H

#define PROBE_PERIOD_S     60 /* a fifth more or less */
#define PROBE_PERIOD_S_MAX 86400
#define PROBE_FIRST_MS     10000u /* after the webhook is ready */

#include "injector/base/err.h"
#include "webhook/admit/admit.h"

struct config;
struct http;
struct http_settings;
struct stop;

struct probe {
	struct admit *admit;
	struct stop *stop;
	struct http *http;
	const char *namespace;
	unsigned period_s;
	char why[ERR_TEXT_MAX]; /* it failed the last time; "" when it did not */
};

/* `period_s` 0 means never.  Returns 0 or -errno. */
int probe_init(struct probe *probe, struct admit *admit, struct stop *stop,
               const struct http_settings *settings, const char *namespace, unsigned period_s,
               struct err *err);
void probe_done(struct probe *probe);

/* Once, with the image that `config` puts into pods; `err` is set unless PROBE_INJECTED. */
enum probe_result probe_once(struct http *http, struct config *config, const char *namespace,
                             struct err *err);

/* Until stop says so.  A change of the result, or of its reason, is a line of the log. */
void probe_run(struct probe *probe);

#endif
