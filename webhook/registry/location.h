/* location.h - an address that a server told: where a blob is, who makes tokens.
 *
 * Why      Whoever answers may write anything there.  Only https leaves this machine; plain http
 *          is followed where the registry itself is on this machine; a user or a password in it,
 *          white space and what else could end a header are refused.
 * Limits   LOCATION_BASE_MAX, LOCATION_PATH_MAX.
 * Threads  Pure.
 */
#ifndef FARGUARD_REGISTRY_LOCATION_H
#define FARGUARD_REGISTRY_LOCATION_H

#include <stdbool.h>
#include <stddef.h>

#define LOCATION_BASE_MAX 300
#define LOCATION_PATH_MAX 7168

struct location {
	char base[LOCATION_BASE_MAX]; /* scheme://host[:port], lower case, without the usual port */
	char path[LOCATION_PATH_MAX]; /* from the '/', with its query */
};

/* Read `text`: an address, or from "//" or "/" on what leaves out what `from` has (a base; NULL:
 * nothing may be left out).  Plain http is taken when `http_ok`.  Returns 0 or -EINVAL. */
int location_parse(const char *text, const char *from, bool http_ok, struct location *out);

/* Append "?NAME=VALUE" or "&NAME=VALUE" to the path, the value in percent signs where needed.
 * Returns 0 or -ENAMETOOLONG. */
int location_add(struct location *location, const char *name, const char *value, size_t len);

#endif
