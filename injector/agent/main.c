/* main.c - farguard-agent: the pod's one reporter. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "injector/agent/agent.h"
#include "injector/base/version.h"

#define EXIT_USAGE 2

static const char help[] =
        "usage: farguard-agent [--coverage-seconds N] [--spool DIR] [--stay]\n"
        "\n"
        "Takes what the launchers of a pod's containers record and writes it to standard\n"
        "output, one JSON object a line.  It ends when the pod's containers have ended for\n"
        "good, or after SIGTERM when the last of them has ended.\n"
        "\n"
        "  --coverage-seconds N  wait so long for a container's launcher before the container\n"
        "                        is reported as not covered (10)\n"
        "  --spool DIR           where init containers leave their records (/.farguard-init)\n"
        "  --stay                end only after SIGTERM: a native sidecar that ends is started\n"
        "                        again\n"
        "  --version             print the version\n"
        "\n"
        "The pod is described by FARGUARD_NAMESPACE, _POD, _NODE, _WORKLOAD, _CONTAINERS,\n"
        "_RESTART_POLICY, _HEARTBEAT_SECONDS and _EVENTS; none is needed.\n";

static struct agent
        agent; /* initialized below: two megabytes that are zeros take no room in the file */

/* Descriptors that came closed: nothing of ours may take their place and be written lines to. */
static void keep_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* How a predecessor with that wait status ended, or NULL. */
static const char *describe_end(int status)
{
	static char text[40];

	if (status == 0)
		return NULL;
	if (status == CONTRACT_STATE_HUNG)
		snprintf(text, sizeof(text), "killed because it stood still");
	else if (WIFSTOPPED(status))
		snprintf(text, sizeof(text), "stopped by signal %d", WSTOPSIG(status));
	else if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "killed by signal %d", WTERMSIG(status));
	else
		snprintf(text, sizeof(text), "ended with status %d", WEXITSTATUS(status));
	return text;
}

int main(int argc, char **argv)
{
	struct err err = {0};
	static struct state state;
	struct utsname kernel;
	int flags;

	agent.listen_fd = agent.signal_fd = -1;
	if (config_options(&agent.config, argc, argv, &err) < 0) {
		fprintf(stderr, "farguard-agent: %s\n", err.text);
		return EXIT_USAGE;
	}
	if (agent.config.help || agent.config.version) {
		fputs(agent.config.help ? help : "farguard-agent " FARGUARD_VERSION "\n", stdout);
		return fflush(stdout) == 0 ? 0 : 1;
	}
	keep_standard_descriptors();
	/* Neither ends it, and the log is for records: its hello says so. */
	if (config_environment(&agent.config, &agent.containers, &err) < 0)
		agent.config.report.note = err.text;
	if (state_open(&state, agent.config.state_fd, &err) < 0)
		agent.config.report.note = err.text;
	agent.state = state.page;
	if (!agent.state) {
		fprintf(stderr, "farguard-agent: no memory for the log\n");
		return 1;
	}
	agent.config.report.restarted = describe_end(state_take_ended(agent.state));
	if (uname(&kernel) == 0)
		snprintf(agent.kernel, sizeof(agent.kernel), "%s", kernel.release);
	agent.signal_fd = open_signals();
	if (agent.signal_fd < 0) {
		fprintf(stderr, "farguard-agent: signalfd: %s\n", strerror(errno));
		return 1;
	}
	sink_init(&agent.sink, STDOUT_FILENO, &state);
	flags = fcntl(STDOUT_FILENO, F_GETFL);
	fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
	agent_run(&agent);
	/* The open file may be a shell's terminal: give it back as it was. */
	fcntl(STDOUT_FILENO, F_SETFL, flags);
	return 0;
}
