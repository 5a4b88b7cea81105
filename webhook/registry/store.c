#include "webhook/registry/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "webhook/registry/config.h"

static size_t bucket_of(const uint8_t key[DIGEST_BYTES])
{
	static_assert(STORE_BUCKET_COUNT == 256, "a byte of the key names the bucket");
	return key[0];
}

static void release(struct store *store, struct store_entry *entry)
{
	store->count--;
	store->bytes -= entry->bytes;
	images_config_done(&entry->config);
	free(entry);
}

void store_done(struct store *store)
{
	for (size_t i = 0; i < STORE_BUCKET_COUNT; i++)
		while (store->buckets[i]) {
			struct store_entry *entry = store->buckets[i];

			store->buckets[i] = entry->next;
			release(store, entry);
		}
}

struct store_entry *store_find(const struct store *store, const uint8_t key[DIGEST_BYTES])
{
	struct store_entry *entry = store->buckets[bucket_of(key)];

	while (entry && memcmp(entry->key, key, DIGEST_BYTES) != 0)
		entry = entry->next;
	return entry;
}

/* Let go of the longest unused; false when all are being asked for. */
static bool evict(struct store *store, const struct store_entry *but)
{
	struct store_entry **oldest = NULL, *entry;

	for (size_t i = 0; i < STORE_BUCKET_COUNT; i++)
		for (struct store_entry **at = &store->buckets[i]; *at; at = &(*at)->next)
			if (!(*at)->is_asked && *at != but &&
			    (!oldest || (*at)->used_ms < (*oldest)->used_ms))
				oldest = at;
	if (!oldest)
		return false;
	entry = *oldest;
	*oldest = entry->next;
	release(store, entry);
	return true;
}

struct store_entry *store_add(struct store *store, const uint8_t key[DIGEST_BYTES], uint64_t now_ms)
{
	struct store_entry *entry = NULL, **bucket = &store->buckets[bucket_of(key)];

	if (store->count < IMAGES_ENTRIES_MAX || evict(store, NULL))
		entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	memcpy(entry->key, key, DIGEST_BYTES);
	entry->used_ms = now_ms;
	entry->next = *bucket;
	*bucket = entry;
	store->count++;
	return entry;
}

void store_put(struct store *store, struct store_entry *entry, struct images_config *config,
               const char *digest, uint64_t until_ms)
{
	store->bytes -= entry->bytes;
	images_config_done(&entry->config);
	entry->config = *config;
	*config = (struct images_config){0};
	entry->bytes = config_bytes(&entry->config);
	store->bytes += entry->bytes;
	entry->error = 0;
	entry->text[0] = '\0';
	entry->until_ms = until_ms;
	snprintf(entry->digest, sizeof(entry->digest), "%s", digest);
	while (store->bytes > STORE_BYTES_MAX && evict(store, entry))
		;
}

void store_put_again(struct store_entry *entry, uint64_t until_ms)
{
	entry->error = 0;
	entry->text[0] = '\0';
	entry->until_ms = until_ms;
}

void store_put_error(struct store_entry *entry, int error, const char *text, uint64_t until_ms)
{
	entry->error = error;
	entry->until_ms = until_ms;
	snprintf(entry->text, sizeof(entry->text), "%s", text);
}
