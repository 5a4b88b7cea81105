#include "injector/launch/keeper.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "injector/base/clock.h"
#include "injector/launch/address.h"
#include "injector/launch/handoff.h"
#include "tests/harness.h"

struct place {
	struct host host;
	struct estate estate;
	struct keeper keeper;
};

static int set_up(void **state)
{
	static struct place place;

	place.keeper = (struct keeper){.estate = &place.estate};
	if (host_open(&place.host, false) < 0 || estate_open(&place.estate, &place.host) < 0)
		return -1;
	*state = &place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	if (p->keeper.worker) {
		kill(p->keeper.worker, SIGKILL);
		assert_int_equal(waitpid(p->keeper.worker, NULL, 0), p->keeper.worker);
	}
	estate_close(&p->estate);
	estate_close(&p->estate);
	host_close(&p->host);
	return 0;
}

static int dial(void)
{
	struct sockaddr_un address;
	socklen_t len = address_of_ring(&address);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, len), 0);
	return fd;
}

/* Whoever answers, wait for the ring. */
static void assert_served(int client)
{
	int fd = handoff_receive(client);

	assert_true(fd >= 0);
	close(fd);
	close(client);
}

/* Wait until the worker changes state, and have the keeper hear of it. */
static void hear(struct keeper *keeper)
{
	pid_t pid = keeper->worker;
	int status;

	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(keeper_heard(keeper, pid, status));
}

static void a_worker_answers_and_another_follows_it_at_once(void **state)
{
	struct place *p = *state;
	pid_t first;
	int client;

	keeper_turn(&p->keeper);
	first = p->keeper.worker;
	assert_true(first > 0);
	assert_int_equal(keeper_wait(&p->keeper), -1);
	assert_served(dial());
	kill(first, SIGSTOP);
	hear(&p->keeper);
	client = dial(); /* a connection that waits is not lost */
	hear(&p->keeper);
	assert_int_equal(p->keeper.worker, 0);
	keeper_turn(&p->keeper);
	assert_true(p->keeper.worker > 0);
	assert_int_not_equal(p->keeper.worker, first);
	assert_served(client);
	assert_int_equal(atomic_load(&p->estate.page->restarts), 1);
}

static void while_the_next_is_put_off_the_first_process_answers(void **state)
{
	struct place *p = *state;
	int i, client;

	for (i = 0; i < 2; i++) {
		keeper_turn(&p->keeper);
		assert_true(p->keeper.worker > 0);
		kill(p->keeper.worker, SIGKILL);
		hear(&p->keeper);
	}
	assert_true(p->keeper.due_ms > clock_ms());
	p->keeper.due_ms = clock_ms() + 60000;
	client = dial();
	keeper_turn(&p->keeper);
	assert_int_equal(p->keeper.worker, 0);
	assert_true(keeper_wait(&p->keeper) > 0);
	assert_served(client);
	p->keeper.due_ms = clock_ms();
	keeper_turn(&p->keeper);
	assert_true(p->keeper.worker > 0);
	assert_false(p->keeper.done);
}

static void a_worker_ends_when_the_program_has(void **state)
{
	struct place *p = *state;

	keeper_turn(&p->keeper);
	atomic_store(&p->estate.page->last_ms, clock_ms());
	estate_wake(&p->estate);
	hear(&p->keeper);
	assert_true(p->keeper.done);
}

static void other_children_are_none_of_its_affair(void **state)
{
	struct place *p = *state;

	keeper_turn(&p->keeper);
	assert_false(keeper_heard(&p->keeper, p->keeper.worker + 1, 0));
	p->keeper.estate = NULL;
	assert_int_equal(keeper_wait(&p->keeper), -1);
	p->keeper.estate = &p->estate;
}

static void a_worker_does_not_outlive_its_first_process(void **state)
{
	struct place *p = *state;
	int status;
	pid_t pid;

	/* An orphan comes to us. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	pid = fork();
	if (pid == 0) {
		keeper_turn(&p->keeper);
		_exit(p->keeper.worker > 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(waitpid(-1, &status, 0) > 0);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 1);
}

static int in_own_network(void **state)
{
	(void)state;
	return unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 ? 0 : -1;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest cases[] = {
	        CASE(a_worker_answers_and_another_follows_it_at_once),
	        CASE(while_the_next_is_put_off_the_first_process_answers),
	        CASE(a_worker_ends_when_the_program_has),
	        CASE(other_children_are_none_of_its_affair),
	        CASE(a_worker_does_not_outlive_its_first_process),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(cases, in_own_network, NULL);
}
