/* probe.c - how long an exec probe takes in containers that run, variants side by side.
 *
 *	probe ROUNDS NAME PID CMD [ARG...] [// NAME PID CMD [ARG...]]...
 *
 * As a container runtime does it: a helper outside joins the mount, network and process namespaces
 *of PID and its root, and what it starts there has parent 0.  Every round runs each variant once,
 *from the fork to the status, which must be 0.  Prints "NAME median_us p90_us least_us" for each
 *variant.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define VARIANTS_MAX 8
#define ROUNDS_MAX   1000

struct variant {
	const char *name, *pid;
	char **argv;
	int ask, answer; /* pipes to and from the helper */
	double us[ROUNDS_MAX];
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_of(const char *pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(path);
	return fd;
}

/* Everything is opened first: behind setns(2) /proc is another. */
static void join(const char *pid)
{
	int root = open_of(pid, "root"), net = open_of(pid, "ns/net");
	int mounts = open_of(pid, "ns/mnt"), processes = open_of(pid, "ns/pid");

	if (setns(net, CLONE_NEWNET) < 0 || setns(processes, CLONE_NEWPID) < 0 ||
	    setns(mounts, CLONE_NEWNS) < 0 || fchdir(root) < 0 || chroot(".") < 0 || chdir("/") < 0)
		die("joining");
}

static uint64_t probe(char **argv)
{
	uint64_t start = now_ns();
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		die("fork");
	if (status != 0) {
		fprintf(stderr, "probe: %s ended with status %#x\n", argv[0], (unsigned)status);
		exit(1);
	}
	return now_ns() - start;
}

static void start_helper(struct variant *v)
{
	int ask[2], answer[2];
	char byte;

	if (pipe2(ask, O_CLOEXEC) < 0 || pipe2(answer, O_CLOEXEC) < 0)
		die("pipe");
	v->ask = ask[1];
	v->answer = answer[0];
	if (fork() > 0) {
		close(ask[0]);
		close(answer[1]);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	join(v->pid);
	while (read(ask[0], &byte, 1) == 1) {
		uint64_t ns = probe(v->argv);

		if (write(answer[1], &ns, sizeof(ns)) != sizeof(ns))
			break;
	}
	_exit(0);
}

static double ask_helper(const struct variant *v)
{
	uint64_t ns;

	if (write(v->ask, "", 1) != 1 || read(v->answer, &ns, sizeof(ns)) != sizeof(ns)) {
		fprintf(stderr, "probe: %s failed\n", v->name);
		exit(1);
	}
	return (double)ns / 1000;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static struct variant variants[VARIANTS_MAX];
	size_t count = 0;
	long rounds;

	if (argc < 5 || (rounds = strtol(argv[1], NULL, 10)) < 1 || rounds > ROUNDS_MAX) {
		fputs("usage: probe ROUNDS NAME PID CMD... [// NAME PID CMD...]\n", stderr);
		return 2;
	}
	for (int i = 2; i + 2 < argc && count < VARIANTS_MAX; i++) {
		variants[count++] = (struct variant){argv[i], argv[i + 1], &argv[i + 2], 0, 0, {0}};
		for (i += 2; i < argc && strcmp(argv[i], "//") != 0; i++)
			;
		argv[i] = NULL;
	}
	for (size_t i = 0; i < count; i++)
		start_helper(&variants[i]);
	for (long r = -3; r < rounds; r++) /* the first ones fill caches */
		for (size_t i = 0; i < count; i++)
			variants[i].us[r < 0 ? 0 : r] = ask_helper(&variants[i]);
	for (size_t i = 0; i < count; i++) {
		qsort(variants[i].us, (size_t)rounds, sizeof(double), by_size);
		printf("%s %.0f %.0f %.0f\n", variants[i].name, variants[i].us[rounds / 2],
		       variants[i].us[rounds * 9 / 10], variants[i].us[0]);
	}
	return 0;
}
