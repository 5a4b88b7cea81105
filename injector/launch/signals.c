/* signals.c - system calls instead of the C library's, which keeps two signals to itself. */
#include "injector/launch/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const struct signals_mask everything = {~0ull};

void signals_block(struct signals_mask *out)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &everything, out, sizeof(*out));
}

void signals_restore(const struct signals_mask *mask)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, mask, NULL, sizeof(*mask));
}

void signals_default(int number)
{
	/* The kernel's struct: signal(3) refuses the two that libc keeps to itself, and
	 * posix_spawn(3) ignores them in what it starts. */
	const struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		uint64_t mask;
	} standard = {.handler = SIG_DFL};

	syscall(SYS_rt_sigaction, number, &standard, NULL, sizeof(standard.mask));
}

int signals_check(void)
{
	static const struct signals_mask none;
	static const struct timespec at_once;
	struct signals_mask blocked;
	long number;

	/* What is not blocked does not wait. */
	if (syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &blocked, sizeof(blocked)) < 0)
		return -errno;
	number = syscall(SYS_rt_sigtimedwait, &none, NULL, &at_once, sizeof(none));
	return number < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
}

bool signals_wait(struct signalfd_siginfo *out, int wait_ms)
{
	struct timespec wait = {wait_ms / 1000, wait_ms % 1000 * 1000000L};
	siginfo_t info;
	long number = syscall(SYS_rt_sigtimedwait, &everything, &info, wait_ms < 0 ? NULL : &wait,
	                      sizeof(everything));

	if (number <= 0)
		return false;
	*out = (struct signalfd_siginfo){.ssi_signo = (uint32_t)number, .ssi_code = info.si_code};
	if (info.si_code == SI_QUEUE)
		out->ssi_ptr = (uintptr_t)info.si_value.sival_ptr;
	return true;
}

bool signals_concern(const struct signalfd_siginfo *info, bool same_group)
{
	/* CLD_EXITED and its like are positive; a signal that somebody sends is not. */
	if (info->ssi_signo == SIGCHLD && info->ssi_code > 0)
		return false;
	return info->ssi_code != SI_KERNEL || !same_group;
}

void signals_forward(pid_t program, const struct signalfd_siginfo *info)
{
	union sigval value = {.sival_ptr = (void *)(uintptr_t)info->ssi_ptr};

	if (!signals_concern(info, getpgid(program) == getpgrp()))
		return;
	if (info->ssi_code == SI_QUEUE)
		sigqueue(program, (int)info->ssi_signo, value);
	else
		kill(program, (int)info->ssi_signo);
}
