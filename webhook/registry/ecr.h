/* ecr.h - Amazon ECR: a registry whose password is made by an AWS call, for twelve hours.
 *
 * Owns     The tokens, one a region, until they expire or ecr_forget().
 * Limits   ECR_REGIONS_MAX tokens, ECR_TOKEN_S each.
 * Threads  Any.
 */
#ifndef FARGUARD_REGISTRY_ECR_H
#define FARGUARD_REGISTRY_ECR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ECR_REGIONS_MAX 16
#define ECR_REGION_MAX  32
#define ECR_TOKEN_S     (12 * 3600)

struct ecr;
struct err;
struct http;

struct ecr_host {
	char region[ECR_REGION_MAX];
	bool is_china, is_fips;
};

/* Whether `host` is ACCOUNT.dkr.ecr[-fips].REGION.amazonaws.com[.cn]. */
bool ecr_parse_host(const char *host, struct ecr_host *out);

/* Read GetAuthorizationToken's answer: base64 of user and password, malloc'ed, and the second since
 * 1970 at which it expires.  Returns 0, -EBADMSG or -ENOMEM. */
int ecr_parse_token(const char *text, size_t len, char **out_basic, int64_t *out_expiry_s);

/* Returns 0 or -ENOMEM. */
int ecr_init(struct ecr **out);
void ecr_done(struct ecr *ecr);

/* Whether the environment has anything to ask AWS with. */
bool ecr_is_usable(const struct ecr *ecr);

/* Base64 of user and password for `host`, malloc'ed; made anew until `deadline_ms` (clock_ms())
 * when there is none. */
int ecr_get_basic(struct ecr *ecr, struct http *http, const struct ecr_host *host,
                  uint64_t deadline_ms, char **out, struct err *err);

/* The registry refused it. */
void ecr_forget(struct ecr *ecr, const struct ecr_host *host);

#endif
