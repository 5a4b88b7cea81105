/* contract.h - the words that the cluster side writes and the pod side reads.
 *
 * Why      The webhook puts paths, variables and names into a pod that the
 *          programs in that pod must find again.  Both sides take them from here;
 *          hack/names.txt lists the ones that users see, and `make names` checks
 *          code, chart and docs against that list.
 * Limits   Only literals: this header is read by the preload library, which has
 *          no C library.
 */
#ifndef FARGUARD_BASE_CONTRACT_H
#define FARGUARD_BASE_CONTRACT_H

/* The payload volume, as every guarded container sees it (read-only there). */
#define CONTRACT_VOLUME      "farguard"
#define CONTRACT_DIR         "/.farguard"
#define CONTRACT_PROGRAM     "/.farguard/farguard"
#define CONTRACT_LIBRARY     "/.farguard/libfarguard.so"
#define CONTRACT_PRELOAD_KEY "ld.so.preload"      /* file in the volume, mounted by subPath ... */
#define CONTRACT_PRELOAD     "/etc/ld.so.preload" /* ... here */

/* The payload image: where its files are. */
#define CONTRACT_IMAGE_PROGRAM "/farguard"
#define CONTRACT_IMAGE_AGENT   "/farguard-agent"
/* The agent's argument where its container is a native sidecar: end only when told to. */
#define CONTRACT_AGENT_STAY "--stay"

/* Containers that the webhook adds. */
#define CONTRACT_INSTALL_CONTAINER "farguard-install"
#define CONTRACT_AGENT_CONTAINER   "farguard-agent"
/* Empty volume over the service account's token, for our own containers only. */
#define CONTRACT_NO_TOKEN_VOLUME "farguard-no-token"
#define CONTRACT_TOKEN_DIR       "/var/run/secrets/kubernetes.io/serviceaccount"

/* Where init containers that end before the agent starts leave their records: a volume that
 * they write and the agent reads.  Each has mounted a directory of its own, named as it is, and
 * leaves CONTAINER.records there. */
#define CONTRACT_SPOOL_VOLUME "farguard-init"
#define CONTRACT_SPOOL_DIR    "/.farguard-init"

/* Variables in guarded containers. */
#define CONTRACT_ENV_CONTAINER "FARGUARD_CONTAINER"
/* "farguard" or "program": who is PID 1 where the library wraps the container's first process, as
 * `farguard run`'s option says it where a command is wrapped.  Not set: as the program's name
 * suggests. */
#define CONTRACT_ENV_PID1    "FARGUARD_PID1"
#define CONTRACT_PID1_OPTION "--pid1="
/* Set by `farguard run` only when it failed and ran the program bare: the library
 * must not wrap that program again. */
#define CONTRACT_ENV_BARE "FARGUARD_BARE"

/* Variables of the agent's container. */
#define CONTRACT_ENV_NAMESPACE "FARGUARD_NAMESPACE"
#define CONTRACT_ENV_POD       "FARGUARD_POD"
#define CONTRACT_ENV_NODE      "FARGUARD_NODE"
#define CONTRACT_ENV_WORKLOAD  "FARGUARD_WORKLOAD" /* "Deployment/web" */
/* The pod's containers in its order, one entry each, separated by ';'; an entry is
 * "NAME KIND HOW IMAGE": KIND main|init|sidecar, HOW one of the contract's ways of
 * being covered, or '!' and the reason why it is not ("!excluded"). */
#define CONTRACT_ENV_CONTAINERS "FARGUARD_CONTAINERS"
/* "Always", "OnFailure" or "Never": whether a container that ended comes back. */
#define CONTRACT_ENV_RESTART_POLICY "FARGUARD_RESTART_POLICY"
#define CONTRACT_ENV_HEARTBEAT      "FARGUARD_HEARTBEAT_SECONDS"
/* What outlives a restart of the agent, three descriptors: "MEMORY,READ,WRITE", a memory file and
 * the ends of a pipe. */
#define CONTRACT_ENV_STATE_FD "FARGUARD_STATE_FD"
#define CONTRACT_STATE_BYTES  (4096 + 131072) /* a page, and the lines that are not written yet */
/* In the page: a u32 that the agent counts up while it works, and the wait status of the agent
 * before, as wait(2) has it, or 0. */
#define CONTRACT_STATE_BEAT_AT  0
#define CONTRACT_STATE_ENDED_AT 4
#define CONTRACT_STATE_HUNG     0xffff /* ... which it is not: that one stood still and was killed */
#define CONTRACT_ENV_EVENTS     "FARGUARD_EVENTS" /* "process,file,network": classes to report */

/* Abstract Unix sockets, SOCK_SEQPACKET, in the pod's network namespace.
 * The agent's: a launcher connects, sends one struct hello with the ring's
 * descriptor, and stays connected until its container ends. */
#define CONTRACT_AGENT_SOCKET "farguard-agent"
/* A container's: this prefix, then the digits of `readlink /proc/self/ns/mnt`
 * ("mnt:[4026532281]").  Served by the container's launcher: whoever connects is sent
 * one byte with the ring's descriptor (SCM_RIGHTS) and disconnected. */
#define CONTRACT_RING_SOCKET_PREFIX "farguard-ring."

#endif
