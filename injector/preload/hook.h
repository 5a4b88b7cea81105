/* hook.h - what every interposed function shares.
 *
 * Why      A hook stands in front of a C library's function: it calls the next definition of the
 *          same name, so that everything which that does (cancellation, a sanitizer's checks,
 *          another interposer) is done, and says what happened.
 * Errors   The caller sees the next definition's result and errno.
 */
#ifndef FARGUARD_PRELOAD_HOOK_H
#define FARGUARD_PRELOAD_HOOK_H

#include <errno.h>

#include "injector/preload/channel.h"
#include "injector/preload/emit.h"
#include "injector/preload/symbol.h"
#include "injector/preload/sys.h"

#define HOOK __attribute__((visibility("default")))

extern int *hook_errno_location(void) __asm__("__errno_location") __attribute__((weak));

/* The negative errno that a call which returned -1 has left. */
static inline int hook_error(void)
{
	return hook_errno_location ? -*hook_errno_location() : -EIO;
}

/* A raw call's result as the C library returns it. */
static inline int hook_result(long result)
{
	if (!sys_is_error(result))
		return (int)result;
	if (hook_errno_location)
		*hook_errno_location() = (int)-result;
	return -1;
}

#endif
