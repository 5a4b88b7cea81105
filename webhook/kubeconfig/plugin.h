/* plugin.h - run a credential plugin, as EKS uses `aws eks get-token`.
 *
 * Why      A kubeconfig of EKS holds no credential: it names a program that prints one.
 * Owns     Nothing: the strings are the caller's.
 * Limits   PLUGIN_TIMEOUT_MS (a login in a browser takes its time), CREDENTIAL_BYTES_MAX of output.
 * Errors   -errno with `err` set: what went wrong with the program, or with what it printed.
 */
#ifndef FARGUARD_KUBECONFIG_PLUGIN_H
#define FARGUARD_KUBECONFIG_PLUGIN_H

#include <json-c/json.h>

#include "webhook/kubeconfig/credential.h"

#define PLUGIN_TIMEOUT_MS 300000
#define PLUGIN_ARGS_MAX   256 /* and as many variables */

enum plugin_mode { PLUGIN_NEVER, PLUGIN_IF_AVAILABLE, PLUGIN_ALWAYS };

struct plugin {
	const char *api_version;
	const char *args[PLUGIN_ARGS_MAX + 1]; /* the command first; ends with NULL */
	const char *env[PLUGIN_ARGS_MAX + 1];  /* NAME=VALUE, over what is set; ends with NULL */
	const char *hint;                      /* how to install it, or NULL */
	enum plugin_mode mode;                 /* whether it may ask at the terminal */
	bool tells_cluster;                    /* provideClusterInfo */
	long timeout_ms;                       /* 0: PLUGIN_TIMEOUT_MS */
};

/* Run it; `cluster` (or NULL) is what it is told of the cluster. */
int plugin_run(const struct plugin *plugin, struct json_object *cluster, struct credential *out,
               struct err *err);

#endif
