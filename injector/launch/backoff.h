/* backoff.h - how long to wait before a program that failed is started again. */
#ifndef FARGUARD_LAUNCH_BACKOFF_H
#define FARGUARD_LAUNCH_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FIRST_MS   100u
#define BACKOFF_LAST_MS    10000u
#define BACKOFF_HEALTHY_MS 60000u /* it ran so long: the next failure is a new story */

struct backoff {
	unsigned ms; /* the last wait; 0 before the first */
};

/* The wait after a life of `lived_ms`: doubles from BACKOFF_FIRST_MS to BACKOFF_LAST_MS. */
static inline unsigned backoff_next(struct backoff *backoff, uint64_t lived_ms)
{
	if (backoff->ms == 0 || lived_ms >= BACKOFF_HEALTHY_MS)
		backoff->ms = BACKOFF_FIRST_MS;
	else if (backoff->ms < BACKOFF_LAST_MS / 2)
		backoff->ms *= 2;
	else
		backoff->ms = BACKOFF_LAST_MS;
	return backoff->ms;
}

#endif
