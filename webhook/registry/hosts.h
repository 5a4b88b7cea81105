/* hosts.h - registries that are being asked, and those that are left alone for a while.
 *
 * Why      A registry that swallows packets holds a worker up for seconds, one that counts pulls
 *          says 429: neither is to be asked again for each image, and neither may keep all workers
 *          from the registries that answer.
 * Limits   HOSTS_MAX registries; the one longest not asked is forgotten.
 * Threads  The caller's lock.
 */
#ifndef FARGUARD_REGISTRY_HOSTS_H
#define FARGUARD_REGISTRY_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "webhook/registry/location.h"

#define HOSTS_MAX         64
#define HOSTS_PAUSE_S     30
#define HOSTS_PAUSE_S_MAX 300 /* however long a registry asks for */
#define HOSTS_GOOD_S      60

struct host {
	char base[LOCATION_BASE_MAX]; /* "": free */
	unsigned asking;              /* how many workers are */
	uint64_t paused_until_ms, good_until_ms, used_ms;
};

struct hosts {
	struct host list[HOSTS_MAX];
};

bool hosts_is_paused(const struct hosts *hosts, const char *base, uint64_t now_ms);

/* Whether a worker may ask `base` now: a second one only where the first ones were answered
 * lately. */
bool hosts_may_begin(const struct hosts *hosts, const char *base, uint64_t now_ms);

/* Around each look-up; `r` is what came of it, `retry_after_s` what the registry asked for. */
void hosts_begin(struct hosts *hosts, const char *base, uint64_t now_ms);
void hosts_end(struct hosts *hosts, const char *base, int r, long retry_after_s, uint64_t now_ms);

#endif
