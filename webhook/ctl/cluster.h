/* cluster.h - the cluster that a verb works on, as kubectl would find it.
 *
 * Owns     The connection and the credentials, until cluster_close().
 * Errors   Said on stderr at once, with the way out; what is returned is the exit status.
 */
#ifndef FARGUARD_CTL_CLUSTER_H
#define FARGUARD_CTL_CLUSTER_H

#include "webhook/ctl/exits.h"
#include "webhook/kubeconfig/kubeconfig.h"

struct err;
struct options;
struct policy;

struct cluster {
	struct kubeconfig config;
	struct http *http;
	bool native_sidecars; /* its version has them */
};

/* Find it and ask for its version.  cluster_close() either way. */
enum exits cluster_open(struct cluster *cluster, const struct options *options);
void cluster_close(struct cluster *cluster);

/* --config, or the cluster's ConfigMap, or the defaults with a note on stderr. */
enum exits cluster_policy(struct cluster *cluster, const struct options *options,
                          struct policy *policy);

/* Say what `err` is about: internal without memory, else the cluster's. */
enum exits cluster_failed(const struct err *err);

#endif
