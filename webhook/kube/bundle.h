/* bundle.h - the authority that the API server trusts, in the webhook configuration.
 *
 * Why      The chart leaves caBundle out, so that an upgrade does not undo it: the webhook writes
 *          it, and only where it differs.
 * Errors   As api.h; -EPROTO when the configuration changed in between (422: the patch's
 *          test fails): ask again.
 */
#ifndef FARGUARD_KUBE_BUNDLE_H
#define FARGUARD_KUBE_BUNDLE_H

#include <stdbool.h>

struct err;
struct http;

/* Make `ca` (PEM) the caBundle of every webhook of the MutatingWebhookConfiguration `name`;
 * `*out_changed` is whether anything had to be written. */
int bundle_put(struct http *http, const char *name, const char *ca, bool *out_changed,
               struct err *err);

/* Ask `is_good` about the caBundle (PEM, "" when there is none) of every webhook of `name`;
 * `*out_good` is whether all of them are. */
int bundle_check(struct http *http, const char *name, bool (*is_good)(void *ctx, const char *pem),
                 void *ctx, bool *out_good, struct err *err);

#endif
