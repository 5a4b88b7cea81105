/* store.h - what is known of images, by a hash of the question.
 *
 * Why      The question includes the credentials: who may not pull an image does not get the
 *          answer that another one got.
 * Owns     The entries.
 * Limits   IMAGES_ENTRIES_MAX entries, STORE_BYTES_MAX of what images start; the longest unused go
 *          first, none that is being asked for.
 * Threads  The caller's lock.
 */
#ifndef FARGUARD_REGISTRY_STORE_H
#define FARGUARD_REGISTRY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "webhook/registry/digest.h"
#include "webhook/registry/images.h"
#include "webhook/registry/reference.h"

#define STORE_BYTES_MAX    (4u << 20)
#define STORE_TEXT_MAX     200
#define STORE_BUCKET_COUNT 256

struct store_entry {
	struct store_entry *next;
	uint8_t key[DIGEST_BYTES];
	bool is_asked;                     /* a job is on its way */
	uint64_t until_ms, used_ms;        /* of clock_ms() */
	int error;                         /* of the last answer: 0 or -errno */
	char text[STORE_TEXT_MAX];         /* its sentence */
	char digest[REFERENCE_DIGEST_MAX]; /* of the last good answer, and what it says */
	struct images_config config;
	size_t bytes;
};

struct store {
	struct store_entry *buckets[STORE_BUCKET_COUNT];
	size_t count, bytes;
};

void store_done(struct store *store);

/* NULL when there is none. */
struct store_entry *store_find(const struct store *store, const uint8_t key[DIGEST_BYTES]);

/* A new entry, used at `now_ms`; NULL without memory. */
struct store_entry *store_add(struct store *store, const uint8_t key[DIGEST_BYTES],
                              uint64_t now_ms);

/* Keep a good answer until `until_ms`.  Consumes `config`. */
void store_put(struct store *store, struct store_entry *entry, struct images_config *config,
               const char *digest, uint64_t until_ms);

/* The last good answer still holds, until `until_ms`. */
void store_put_again(struct store_entry *entry, uint64_t until_ms);

/* Keep a failure until `until_ms`, and what was known before beside it. */
void store_put_error(struct store_entry *entry, int error, const char *text, uint64_t until_ms);

#endif
