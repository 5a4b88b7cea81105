#include "injector/launch/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness.h"

static void every_signal_is_blocked_and_the_mask_comes_back_to_the_bit(void **state)
{
	struct signals_mask before, blocked, after, own = {1ull << (SIGUSR1 - 1) | 3ull << 31};

	(void)state;
	signals_block(&before);
	signals_block(&blocked);
	signals_restore(&own);
	signals_block(&after);
	signals_restore(&before);
	/* All but SIGKILL and SIGSTOP: 32 and 33, which sigprocmask(3) hides, too. */
	assert_int_equal(blocked.bits, ~(1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1)));
	assert_int_equal(after.bits, own.bits);
}

static void the_check_takes_no_signal(void **state)
{
	struct signals_mask before;
	struct signalfd_siginfo info;
	int numbers[] = {32, 33, SIGRTMAX, SIGTERM}, i, seen = 0;

	(void)state;
	signals_block(&before);
	for (i = 0; i < 4; i++)
		assert_int_equal(syscall(SYS_kill, getpid(), numbers[i]), 0);
	assert_int_equal(signals_check(), 0);
	while (signals_wait(&info, 0))
		seen++;
	assert_int_equal(seen, 4);
	signals_restore(&before);
}

static void waiting_without_a_descriptor_has_an_end(void **state)
{
	struct signals_mask before;
	struct signalfd_siginfo info;

	(void)state;
	signals_block(&before);
	assert_false(signals_wait(&info, 0));
	assert_false(signals_wait(&info, 10));
	sigqueue(getpid(), SIGUSR2, (union sigval){.sival_int = 7});
	assert_true(signals_wait(&info, -1));
	assert_int_equal(info.ssi_signo, SIGUSR2);
	assert_int_equal((int)info.ssi_ptr, 7);
	signals_restore(&before);
}

static bool concern(int number, int code, bool same_group)
{
	struct signalfd_siginfo info = {.ssi_signo = (uint32_t)number, .ssi_code = code};

	return signals_concern(&info, same_group);
}

static void whatever_somebody_sends_concerns_the_program(void **state)
{
	int number;

	(void)state;
	for (number = 1; number < 65; number++) {
		assert_true(concern(number, SI_USER, true));
		assert_true(concern(number, SI_QUEUE, false));
		assert_true(concern(number, SI_TKILL, true));
	}
}

static void the_end_of_our_children_is_our_own_affair(void **state)
{
	(void)state;
	assert_false(concern(SIGCHLD, CLD_EXITED, false));
	assert_false(concern(SIGCHLD, CLD_STOPPED, true));
	assert_true(concern(SIGCHLD, SI_USER, false));
}

static void what_we_did_to_ourselves_is_our_own_affair(void **state)
{
	struct signalfd_siginfo info = {
	        .ssi_signo = SIGPIPE, .ssi_code = SI_USER, .ssi_pid = (uint32_t)getpid()};
	struct signals_mask before;
	int ends[2];

	(void)state;
	assert_false(signals_concern(&info, false));
	info.ssi_pid++;
	assert_true(signals_concern(&info, false));
	assert_false(concern(SIGXCPU, SI_KERNEL, false));
	signals_block(&before);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_int_equal(write(ends[1], "x", 1), -1);
	close(ends[1]);
	/* It would end this test. */
	signals_restore(&before);
}

static void what_the_terminal_sends_reaches_a_program_of_our_group_by_itself(void **state)
{
	(void)state;
	assert_false(concern(SIGINT, SI_KERNEL, true));
	assert_false(concern(SIGWINCH, SI_KERNEL, true));
	assert_true(concern(SIGINT, SI_KERNEL, false));
}

static void a_signal_is_forwarded_with_its_value(void **state)
{
	struct signalfd_siginfo info = {
	        .ssi_signo = (uint32_t)SIGRTMIN + 3, .ssi_code = SI_QUEUE, .ssi_ptr = 99};
	struct signals_mask before;
	int status;
	pid_t pid;

	(void)state;
	signals_block(&before);
	pid = fork();
	if (pid == 0) {
		struct signalfd_siginfo got;

		if (!signals_wait(&got, 5000))
			_exit(1);
		_exit(got.ssi_signo == info.ssi_signo && got.ssi_ptr == 99 ? 0 : 2);
	}
	signals_forward(pid, &info);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	signals_wait(&info, 0);
	signals_restore(&before);
	assert_int_equal(status, 0);
}

TEST_MAIN(cmocka_unit_test(every_signal_is_blocked_and_the_mask_comes_back_to_the_bit),
          cmocka_unit_test(the_check_takes_no_signal),
          cmocka_unit_test(waiting_without_a_descriptor_has_an_end),
          cmocka_unit_test(whatever_somebody_sends_concerns_the_program),
          cmocka_unit_test(the_end_of_our_children_is_our_own_affair),
          cmocka_unit_test(what_we_did_to_ourselves_is_our_own_affair),
          cmocka_unit_test(what_the_terminal_sends_reaches_a_program_of_our_group_by_itself),
          cmocka_unit_test(a_signal_is_forwarded_with_its_value))
