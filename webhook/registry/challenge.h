/* challenge.h - WWW-Authenticate: how a registry wants to be asked (RFC 9110 section 11).
 *
 * Limits   The lengths in struct challenge; what is longer is no challenge.
 * Threads  Pure.
 */
#ifndef FARGUARD_REGISTRY_CHALLENGE_H
#define FARGUARD_REGISTRY_CHALLENGE_H

#include <stdbool.h>

enum challenge_kind {
	CHALLENGE_NONE,   /* or of another scheme */
	CHALLENGE_BASIC,  /* user and password with each request */
	CHALLENGE_BEARER, /* a token, to be fetched from `realm` */
};

struct challenge {
	enum challenge_kind kind;
	char realm[1024], service[256], scope[1024];
};

struct err;
struct location;

/* Take from the header `value` into `*challenge`, which may hold that of another header: a token
 * is preferred to a password. */
void challenge_parse(const char *value, struct challenge *challenge);

/* Where the token for pulling `repository` is fetched; plain http only where `http_ok`.  Returns 0,
 * or -EPROTO with a sentence. */
int challenge_locate(const struct challenge *challenge, const char *repository, bool http_ok,
                     struct location *out, struct err *err);

/* The token in a token server's answer, malloc'ed.  Returns 0, -EBADMSG or -ENOMEM. */
int challenge_parse_token(const char *text, unsigned long len, char **out);

#endif
