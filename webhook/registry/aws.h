/* aws.h - who we are to AWS: keys of the environment, or a role that the service account may take.
 *
 * Why      A pod on Fargate has no instance metadata and no Pod Identity; what it can have is
 *          AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (with AWS_SESSION_TOKEN), or AWS_ROLE_ARN
 *          and AWS_WEB_IDENTITY_TOKEN_FILE, as IRSA sets them.
 * Owns     Copies of the environment, taken once.
 * Threads  Any, after aws_init().
 */
#ifndef FARGUARD_REGISTRY_AWS_H
#define FARGUARD_REGISTRY_AWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct http;

struct aws {
	char *key_id, *secret, *session_token;
	char *role, *token_file, *session_name;
	char *region;
	char *sts_url, *ecr_url; /* instead of AWS's own */
};

/* Keys to sign with; those of a role pass. */
struct aws_keys {
	char *key_id, *secret, *session_token; /* the last may be NULL */
};

/* Returns 0 or -ENOMEM; aws_done() either way. */
int aws_init(struct aws *aws);
void aws_done(struct aws *aws);

/* Whether there is anything to ask AWS with. */
bool aws_has_keys(const struct aws *aws);

/* The keys, those of the role asked for at `url` until `deadline_ms` (clock_ms()).  `out` is the
 * caller's to give to aws_keys_done(). */
int aws_get_keys(const struct aws *aws, struct http *http, const char *url, uint64_t deadline_ms,
                 struct aws_keys *out, struct err *err);
void aws_keys_done(struct aws_keys *keys);

/* Read the answer of AssumeRoleWithWebIdentity.  Returns 0, -EBADMSG or -ENOMEM. */
int aws_parse_role(const char *text, size_t len, struct aws_keys *out);

#endif
