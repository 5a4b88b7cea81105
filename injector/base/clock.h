/* clock.h - the time as one number.
 *
 * Threads  Any.
 * Errors   None: a clock that the kernel has cannot fail (clock_gettime(2)).
 */
#ifndef FARGUARD_BASE_CLOCK_H
#define FARGUARD_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds of `clock`. */
static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now = {0};

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Milliseconds of the monotonic clock, for deadlines. */
static inline uint64_t clock_ms(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

#endif
