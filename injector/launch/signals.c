/* signals.c - system calls instead of the C library's, which keeps two signals to itself. */
#include "injector/launch/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "injector/launch/heed.h"

static const struct signals_mask everything = {~0ull};

void signals_block(struct signals_mask *out)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &everything, out, sizeof(*out));
}

/* Forget what we did to ourselves: a line for a reader who has gone, a file beyond its limit. */
static void forget_own(void)
{
	const struct signals_mask own = {1ull << (SIGPIPE - 1) | 1ull << (SIGXFSZ - 1)};
	const struct timespec now = {0, 0};
	uint64_t others = 0;
	siginfo_t info;
	int number;

	while (syscall(SYS_rt_sigtimedwait, &own, &info, &now, sizeof(own)) > 0)
		if (info.si_code != SI_USER || info.si_pid != getpid())
			others |= 1ull << (info.si_signo - 1);
	for (number = 1; others; number++, others >>= 1)
		if (others & 1)
			kill(getpid(), number);
}

void signals_restore(const struct signals_mask *mask)
{
	forget_own();
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
	*out = (struct signalfd_siginfo){.ssi_signo = (uint32_t)number,
	                                 .ssi_code = info.si_code,
	                                 .ssi_pid = (uint32_t)info.si_pid,
	                                 .ssi_uid = info.si_uid};
	if (info.si_code < 0)
		out->ssi_ptr = (uintptr_t)info.si_value.sival_ptr;
	return true;
}

bool signals_concern(const struct signalfd_siginfo *info, bool same_group)
{
	/* CLD_EXITED and its like are positive; a signal that somebody sends is not. */
	if (info->ssi_signo == SIGCHLD && info->ssi_code > 0)
		return false;
	/* Our limits, our writes. */
	if (info->ssi_signo == SIGXCPU && info->ssi_code == SI_KERNEL)
		return false;
	if ((info->ssi_signo == SIGPIPE || info->ssi_signo == SIGXFSZ) &&
	    info->ssi_code == SI_USER && info->ssi_pid == (uint32_t)getpid())
		return false;
	return info->ssi_code != SI_KERNEL || !same_group;
}

/* Who used sigqueue(3), a timer or a message queue is named to the program, with the value; the
 * kernel lets nobody repeat a kill(2) in another's name (rt_sigqueueinfo(2)). */
static int send(pid_t program, const struct signalfd_siginfo *info)
{
	siginfo_t copy = {.si_signo = (int)info->ssi_signo, .si_code = info->ssi_code};

	if (info->ssi_code >= 0 || info->ssi_code == SI_TKILL)
		return kill(program, (int)info->ssi_signo);
	copy.si_pid = (pid_t)info->ssi_pid;
	copy.si_uid = info->ssi_uid;
	copy.si_value.sival_ptr = (void *)(uintptr_t)info->ssi_ptr;
	return (int)syscall(SYS_rt_sigqueueinfo, program, info->ssi_signo, &copy);
}

/* Without CAP_KILL, root may not signal a program that gave root up (kill(2)); whoever may become
 * its user may. */
static void send_as_its_user(pid_t program, const struct signalfd_siginfo *info)
{
	const uid_t own = geteuid();
	int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	struct heed_status status;

	if (!heed_read(program, &status) || syscall(SYS_setresuid, -1, status.uid, -1) < 0)
		return;
	(void)send(program, info);
	(void)syscall(SYS_setresuid, -1, own, -1);
	/* A change of user takes it away (prctl(2)). */
	if (dumpable == 1)
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

void signals_pass(pid_t program, const struct signalfd_siginfo *info)
{
	if (!signals_concern(info, getpgid(program) == getpgrp()))
		return;
	if (send(program, info) < 0 && errno == EPERM)
		send_as_its_user(program, info);
}

void signals_forward(pid_t program, const struct signalfd_siginfo *info)
{
	if (getpid() != 1 || heed_signal(program, (int)info->ssi_signo))
		signals_pass(program, info);
}
