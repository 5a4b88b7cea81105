/* images.h - what an image starts: ENTRYPOINT, CMD and LD_PRELOAD, asked of its registry and kept.
 *
 * Why      A container without `command` starts what its image says, and only the registry tells.
 *          An admission has no time for that: it waits as long as it was told to, workers go on,
 *          and the next pod of that image finds the answer.  In doubt there is none, never a wrong
 *          one: every object that is named by a digest must have it.
 * Owns     Its workers and what they found, until images_done(); no credential is kept, only
 *          what an answer was asked with, as a hash: a pod with other credentials asks anew.
 * Limits   IMAGES_ENTRIES_MAX answers, the longest unused go first; IMAGES_QUEUE_MAX questions
 *          that wait; IMAGES_WORKERS threads; a host that does not answer is left alone a while.
 * Threads  images_find() and images_count() from any.
 * Errors   -EAGAIN is not yet; any other is no, with a sentence for the log.  None of them is an
 *          error of the pod.
 */
#ifndef FARGUARD_REGISTRY_IMAGES_H
#define FARGUARD_REGISTRY_IMAGES_H

#include <stddef.h>
#include <stdint.h>

#define IMAGES_ENTRIES_MAX     1024
#define IMAGES_QUEUE_MAX       64
#define IMAGES_WORKERS         2
#define IMAGES_CREDENTIALS_MAX 16
#define IMAGES_TIMEOUT_MS      10000L

#define IMAGES_DIGEST_S  86400 /* how long an answer is kept: what a digest names never changes, */
#define IMAGES_TAG_S     60    /* a tag may move, */
#define IMAGES_FAILURE_S 30    /* and a failure passes */

struct err;
struct images;

/* Ask `base` where an image's reference says `host`: a mirror, or a registry on this machine.
 * `base` is https://HOST[:PORT], or http:// on loopback. */
struct images_endpoint {
	const char *host; /* as in a reference: "docker.io", "registry.example:5000" */
	const char *base;
};

struct images_settings {
	const char *ca_file; /* PEM: the only authorities that count; NULL for the machine's */
	long timeout_ms;     /* all calls for one image; 0 means IMAGES_TIMEOUT_MS */
	/* Up to the one without a host; NULL for none.  A registry that is not among them must
	 * not be on this machine: the reference is written by whoever makes pods. */
	const struct images_endpoint *endpoints;
};

enum images_credential_kind {
	IMAGES_DOCKERCONFIGJSON, /* Secret type kubernetes.io/dockerconfigjson */
	IMAGES_DOCKERCFG,        /* kubernetes.io/dockercfg */
};

/* What a pull secret holds under its key, decoded from base64. */
struct images_credential {
	enum images_credential_kind kind;
	const char *text;
	size_t len;
};

/* The lists end with NULL; a list that the image does not have is NULL. */
struct images_config {
	char **entrypoint, **cmd;
	char *ld_preload; /* of the image's ENV, or NULL */
};

struct images_counts {     /* since the start */
	uint64_t hits;     /* answered from what was known, failures included */
	uint64_t misses;   /* had to be asked for, or was being asked for */
	uint64_t late;     /* of these, not answered within the budget */
	uint64_t fetches;  /* look-ups that workers made */
	uint64_t failures; /* of these, without an answer */
	uint64_t refused;  /* not asked for: the queue was full, or the host is left alone */
};

/* Start the workers.  Takes AWS_ACCESS_KEY_ID, AWS_ROLE_ARN and what belongs to them from the
 * environment, for ECR.  http_init() comes first.  Returns 0, -EINVAL (an endpoint) or -ENOMEM. */
int images_init(struct images **out, const struct images_settings *settings, struct err *err);

/* End the workers and let go of everything; nobody may be in images_find().  Within a second, but
 * for a name server that is silent: libcurl waits for getaddrinfo(3), some ten seconds. */
void images_done(struct images *images);

/* What `reference` starts, asked with `credentials` (in the pod's order), within `budget_ms`; 0
 * does not wait.  Returns 0, and `out` is the caller's to give to images_config_done(); -EAGAIN
 * (not within the budget, but it is being asked for), -EINVAL (no reference that can be asked
 * for), -ENOENT, -EACCES, -EBUSY (429, 5xx, queue full, host left alone), -ENOTSUP (no image for
 * linux/amd64), -EBADMSG (an answer that is none, or has not its digest), -EFBIG, -ETIMEDOUT,
 * -ECONNREFUSED, -EPROTO, -EIO, -ENOMEM. */
int images_find(struct images *images, const char *reference,
                const struct images_credential *credentials, size_t credential_count,
                long budget_ms, struct images_config *out, struct err *err);
void images_config_done(struct images_config *config);

void images_count(struct images *images, struct images_counts *out);

#endif
