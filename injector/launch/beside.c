/* beside.c - fork twice, so that the orphan is nobody's. */
#include "injector/launch/beside.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "injector/launch/keeper.h"
#include "injector/launch/signals.h"

/* Once told to end, this often we look whether others are left. */
#define ALONE_EVERY_MS 50

/* Whether PID 1, this process and its worker are all there is. */
static bool is_alone(const struct keeper *keeper)
{
	unsigned own = 2 + (keeper->worker > 0), count = 0;
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (!dir)
		return false;
	while ((entry = readdir(dir)))
		count += isdigit((unsigned char)entry->d_name[0]) != 0;
	closedir(dir);
	return count <= own;
}

static void reap(struct keeper *keeper)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0)
		(void)keeper_heard(keeper, pid, status);
}

static void __attribute__((noreturn)) keep(struct estate *estate)
{
	struct keeper keeper = {.estate = estate};
	struct signalfd_siginfo info;
	bool told = false;

	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NAME, BESIDE_NAME);
	estate_bear(estate, "farguard keeper");
	for (;;) {
		int wait;

		reap(&keeper);
		keeper_turn(&keeper);
		wait = keeper_wait(&keeper);
		if (told && (wait < 0 || wait > ALONE_EVERY_MS))
			wait = ALONE_EVERY_MS;
		told |= signals_wait(&info, wait) && info.ssi_signo == SIGTERM;
		if (told && is_alone(&keeper))
			break;
	}
	if (keeper.worker) {
		kill(keeper.worker, SIGKILL);
		waitpid(keeper.worker, NULL, 0);
	}
	_exit(0);
}

int beside_start(struct estate *estate)
{
	bool ignored = signal(SIGCHLD, SIG_DFL) == SIG_IGN;
	int status = -1;
	pid_t between = fork(), orphan;

	if (between == 0) {
		setsid();
		estate_let_go(estate);
		orphan = fork();
		if (orphan == 0)
			keep(estate);
		_exit(orphan > 0 ? 0 : 1);
	}
	if (between < 0)
		status = -errno;
	else
		while (waitpid(between, &status, 0) < 0 && errno == EINTR)
			continue;
	/* To ignore it forgets the one that is pending (sigaction(2)). */
	signal(SIGCHLD, SIG_IGN);
	if (!ignored)
		signal(SIGCHLD, SIG_DFL);
	return between < 0 ? status : status ? -EAGAIN : 0;
}
