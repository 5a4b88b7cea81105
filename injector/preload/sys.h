/* sys.h - system calls without a C library: results are values or negative errnos.
 *
 * Why      The library serves glibc and musl alike and may run before either is ready, in a
 *          signal handler or a vfork child.  A raw call touches neither errno nor a lock.
 * Limits   x86-64.
 */
#ifndef FARGUARD_PRELOAD_SYS_H
#define FARGUARD_PRELOAD_SYS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#ifndef __x86_64__
#error "libfarguard.so knows the system calls of x86-64 only"
#endif

static inline long sys_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
	                 : "=a"(result)
	                 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
	                 : "rcx", "r11", "memory");
	return result;
}

/* The call by its name with up to six arguments, as the kernel numbers it. */
#define SYS6(name, a, b, c, d, e, f)                                                               \
	sys_call(SYS_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define SYS5(name, a, b, c, d, e) SYS6(name, a, b, c, d, e, 0)
#define SYS4(name, a, b, c, d)    SYS6(name, a, b, c, d, 0, 0)
#define SYS3(name, a, b, c)       SYS6(name, a, b, c, 0, 0, 0)
#define SYS2(name, a, b)          SYS6(name, a, b, 0, 0, 0, 0)
#define SYS1(name, a)             SYS6(name, a, 0, 0, 0, 0, 0)
#define SYS0(name)                SYS6(name, 0, 0, 0, 0, 0, 0)

static inline int sys_is_error(long result)
{
	return (unsigned long)result > -4096ul;
}

#endif
