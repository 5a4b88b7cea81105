#include "injector/launch/fds.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Run `body` in a child, since it closes descriptors; it returns 0 when all is well. */
static int in_child(int (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int release_some(void)
{
	int keep[] = {40, -1, 20, 21, -1, 30}, fd, kept = 0;

	for (fd = 3; fd < 60; fd++)
		dup2(STDIN_FILENO, fd);
	fds_release(keep, 6);
	for (fd = 3; fd < 60; fd++)
		kept += is_open(fd);
	if (kept != 4 || !is_open(20) || !is_open(21) || !is_open(30) || !is_open(40))
		return 1;
	return is_open(0) && is_open(1) && is_open(2) ? 0 : 2;
}

static int release_the_end_of_a_pipe(void)
{
	int pipes[2];
	char byte;

	if (pipe(pipes) < 0 || dup2(pipes[1], STDOUT_FILENO) < 0)
		return 1;
	fds_release(&pipes[0], 1);
	return read(pipes[0], &byte, 1) == 0 ? 0 : 2;
}

static int release_with_closed_standard_ones(void)
{
	close(STDIN_FILENO);
	fds_release(NULL, 0);
	return is_open(STDIN_FILENO) ? 1 : 0;
}

static int high(void)
{
	int pipes[2], fd;

	close(STDIN_FILENO);
	if (pipe(pipes) < 0 || pipes[0] != STDIN_FILENO)
		return 1;
	fd = fd_high(pipes[0]);
	if (fd <= STDERR_FILENO || is_open(STDIN_FILENO))
		return 2;
	if (!(fcntl(fd, F_GETFD) & FD_CLOEXEC))
		return 3;
	return fd_high(fd) == fd && fd_high(-1) == -1 ? 0 : 4;
}

static void only_the_kept_ones_stay(void **state)
{
	(void)state;
	assert_int_equal(in_child(release_some), 0);
}

static void a_pipe_that_was_standard_output_ends(void **state)
{
	(void)state;
	assert_int_equal(in_child(release_the_end_of_a_pipe), 0);
}

static void a_closed_standard_descriptor_stays_closed(void **state)
{
	(void)state;
	assert_int_equal(in_child(release_with_closed_standard_ones), 0);
}

static void our_descriptors_keep_out_of_the_standard_ones(void **state)
{
	(void)state;
	assert_int_equal(in_child(high), 0);
}

TEST_MAIN(cmocka_unit_test(only_the_kept_ones_stay),
          cmocka_unit_test(a_pipe_that_was_standard_output_ends),
          cmocka_unit_test(a_closed_standard_descriptor_stays_closed),
          cmocka_unit_test(our_descriptors_keep_out_of_the_standard_ones))
