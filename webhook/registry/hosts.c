#include "webhook/registry/hosts.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct host *find(const struct hosts *hosts, const char *base)
{
	for (size_t i = 0; i < HOSTS_MAX; i++)
		if (hosts->list[i].base[0] && strcmp(hosts->list[i].base, base) == 0)
			return &hosts->list[i];
	return NULL;
}

bool hosts_is_paused(const struct hosts *hosts, const char *base, uint64_t now_ms)
{
	const struct host *host = find(hosts, base);

	return host && now_ms < host->paused_until_ms;
}

bool hosts_may_begin(const struct hosts *hosts, const char *base, uint64_t now_ms)
{
	const struct host *host = find(hosts, base);

	return !host || host->asking == 0 || now_ms < host->good_until_ms;
}

void hosts_begin(struct hosts *hosts, const char *base, uint64_t now_ms)
{
	const struct host *known = find(hosts, base);
	struct host *slot = NULL;

	for (size_t i = 0; i < HOSTS_MAX; i++) {
		struct host *at = &hosts->list[i];

		if (known ? at == known : at->asking == 0 && (!slot || at->used_ms < slot->used_ms))
			slot = at;
	}
	assert(slot); /* there are more slots than workers */
	if (!known) {
		*slot = (struct host){0};
		snprintf(slot->base, sizeof(slot->base), "%s", base);
	}
	slot->asking++;
	slot->used_ms = now_ms;
}

void hosts_end(struct hosts *hosts, const char *base, int r, long retry_after_s, uint64_t now_ms)
{
	struct host *slot = NULL;
	long pause_s = 0;

	for (size_t i = 0; i < HOSTS_MAX; i++)
		if (hosts->list[i].asking > 0 && strcmp(hosts->list[i].base, base) == 0)
			slot = &hosts->list[i];
	assert(slot);
	slot->asking--;
	if (r == -ETIMEDOUT || r == -ECONNREFUSED || r == -EBUSY)
		pause_s = retry_after_s > HOSTS_PAUSE_S ? retry_after_s : HOSTS_PAUSE_S;
	if (pause_s > HOSTS_PAUSE_S_MAX)
		pause_s = HOSTS_PAUSE_S_MAX;
	if (pause_s > 0)
		slot->paused_until_ms = now_ms + (uint64_t)pause_s * 1000;
	slot->good_until_ms = pause_s > 0 ? 0 : now_ms + HOSTS_GOOD_S * 1000;
}
