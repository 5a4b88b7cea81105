#include "injector/launch/heed.h"

#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness.h"

static const char text[] = "Name:\tx\nUid:\t7\t8\t9\t10\nSigPnd:\t0000000000000001\n"
                           "SigBlk:\t8000000180000200\nSigIgn:\t0000000000001001\n"
                           "SigCgt:\t0000000000004000\nvoluntary_ctxt_switches:\t12\n"
                           "nonvoluntary_ctxt_switches:\t34\n";

static void a_status_says_what_is_blocked_and_caught(void **state)
{
	struct heed_status status;

	(void)state;
	assert_true(heed_parse(text, &status));
	assert_int_equal(status.blocked, 0x8000000180000200);
	assert_int_equal(status.caught, 0x4000);
	assert_int_equal(status.switches, 12);
	assert_int_equal(status.uid, 7);
}

static void a_status_that_is_cut_says_nothing(void **state)
{
	struct heed_status status = {.uid = 99};
	char part[sizeof(text)];
	size_t len;

	(void)state;
	for (len = 0; strstr(text, "voluntary") + 25 > text + len; len++) {
		memcpy(part, text, len);
		part[len] = '\0';
		assert_false(heed_parse(test_tail(part, len + 1), &status));
		assert_int_equal(status.uid, 99);
	}
}

static void the_kernels_own_text_is_understood(void **state)
{
	struct heed_status status;

	(void)state;
	signal(SIGUSR2, SIG_IGN);
	signal(SIGTRAP, (void (*)(int))(uintptr_t)the_kernels_own_text_is_understood);
	assert_true(heed_read(getpid(), &status));
	assert_true(status.caught & 1ull << (SIGTRAP - 1));
	assert_false(status.caught & 1ull << (SIGUSR2 - 1));
	assert_int_equal(status.uid, getuid());
	assert_false(heed_read(0, &status));
	signal(SIGTRAP, SIG_DFL);
}

static pid_t sleeper(unsigned long long blocked)
{
	pid_t pid = fork();

	if (pid == 0) {
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, NULL, sizeof(blocked));
		for (;;)
			pause();
	}
	usleep(50000);
	return pid;
}

static void what_is_neither_caught_nor_blocked_is_not_heeded(void **state)
{
	pid_t pid = sleeper(1ull << (SIGUSR1 - 1) | 1ull << (SIGRTMAX - 1));

	(void)state;
	assert_false(heed_signal(pid, SIGTERM));
	assert_false(heed_signal(pid, SIGRTMIN));
	assert_true(heed_signal(pid, SIGUSR1));
	assert_true(heed_signal(pid, SIGRTMAX));
	assert_true(heed_signal(pid, SIGCONT));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* Nobody knows: pass it on. */
	assert_true(heed_signal(pid, SIGTERM));
}

TEST_MAIN(cmocka_unit_test(a_status_says_what_is_blocked_and_caught),
          cmocka_unit_test(a_status_that_is_cut_says_nothing),
          cmocka_unit_test(the_kernels_own_text_is_understood),
          cmocka_unit_test(what_is_neither_caught_nor_blocked_is_not_heeded))
