/* kubeconfig.h - which API server, and who we are to it, as kubectl would have it.
 *
 * Why      Whoever can use kubectl can use farguardctl: the same files, variables, contexts and
 *          credential plugins.
 * Owns     Everything that kubeconfig_settings() points to, until kubeconfig_done().  No key is
 *          written anywhere.
 * Limits   FILES_COUNT_MAX files of FILES_BYTES_MAX, KUBECONFIG_PEM_BYTES_MAX of PEM,
 *          PLUGIN_TIMEOUT_MS for a credential plugin.
 * Errors   -errno with "FILE:LINE:COLUMN: ..." and the way out in `err`; a credential that cannot
 *          be had is -EACCES.
 */
#ifndef FARGUARD_KUBECONFIG_KUBECONFIG_H
#define FARGUARD_KUBECONFIG_KUBECONFIG_H

#include "webhook/http/http.h"
#include "webhook/kubeconfig/choice.h"

#define KUBECONFIG_PEM_BYTES_MAX (1u << 20)
#define KUBECONFIG_ACCOUNT_DIR   "/var/run/secrets/kubernetes.io/serviceaccount"

/* Where to look; everything may be NULL. */
struct kubeconfig_sources {
	const char *path;                        /* --kubeconfig */
	const char *context;                     /* --context */
	const char *list;                        /* $KUBECONFIG: files with colons between them */
	const char *home;                        /* $HOME */
	const char *account_dir;                 /* a pod's service account */
	const char *proxy, *no_proxy;            /* $HTTPS_PROXY, $NO_PROXY */
	const char *service_host, *service_port; /* $KUBERNETES_SERVICE_HOST, ..._PORT */
};

struct kubeconfig {
	struct files files;
	struct choice choice;  /* of files, or of a service account */
	char *ca, *cert, *key; /* PEM that was read from files */
	struct credential credential;
	const char *proxy, *no_proxy; /* of the environment */
	char *account[3];             /* base, ca.crt and token of the service account */
	char hint[512];               /* after a failed plugin: how to install it, "" without */
};

/* What the environment of this process says; `path` and `context` stay NULL. */
struct kubeconfig_sources kubeconfig_sources(void);

/* Find, read and check; runs the credential plugin where there is one.  kubeconfig_done() either
 * way. */
int kubeconfig_open(struct kubeconfig *config, const struct kubeconfig_sources *sources,
                    struct err *err);
void kubeconfig_done(struct kubeconfig *config);

/* What http_open() needs. */
struct http_settings kubeconfig_settings(const struct kubeconfig *config);

#endif
