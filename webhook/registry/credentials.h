/* credentials.h - pull secrets: which user and password an image may be pulled with.
 *
 * Why      The kubelet tries every secret that fits, in an order of its own; a look-up that tried
 *          only the first would fail where the pull works.
 * Owns     Copies, wiped by credentials_done().
 * Limits   CREDENTIALS_MAX entries that fit, CREDENTIALS_BYTES_MAX a secret; what is more is
 *          passed over.
 * Threads  Pure.
 */
#ifndef FARGUARD_REGISTRY_CREDENTIALS_H
#define FARGUARD_REGISTRY_CREDENTIALS_H

#include <stddef.h>

#define CREDENTIALS_MAX       16
#define CREDENTIALS_BYTES_MAX (1u << 20) /* what a Secret may hold */
#define CREDENTIALS_PAIR_MAX  (8u << 10) /* user and password */

struct images_credential;
struct reference;

struct credential {
	char *key; /* HOST[:PORT][/PATH], its labels may be globs */
	char *user, *password;
};

struct credentials {
	struct credential list[CREDENTIALS_MAX];
	size_t count;
	char note[160]; /* what was passed over first, and why; "" for nothing */
};

/* Add those entries of one secret that fit `reference`.  One that is of no use is passed over, with
 * a note.  Returns 0 or -ENOMEM. */
int credentials_add(struct credentials *credentials, const struct images_credential *secret,
                    const struct reference *reference);
void credentials_done(struct credentials *credentials);

/* All of them in the kubelet's order (longest first), without repetition; returns how many stand in
 * `out`, borrowed. */
size_t credentials_sort(const struct credentials *credentials,
                        const struct credential *out[CREDENTIALS_MAX]);

/* Base64 of USER:PASSWORD, malloc'ed; NULL without memory. */
char *credentials_format_basic(const char *user, const char *password);

#endif
