/* start.c - how long a container's program takes to reach its main(), variants side by side.
 *
 *	start ROUNDS NAME ROOT CMD [ARG...] [// NAME ROOT CMD [ARG...]]...
 *	start --stamp FD
 *
 * Every round starts each variant once, as PID 1 of a new PID namespace chrooted into ROOT.  The
 * clock starts just before its execve; CMD must end in `start --stamp 9`, which writes the time
 * at which its main() runs to descriptor 9.  Prints "NAME median_us p90_us least_us" for each
 *variant.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define VARIANTS_MAX 8
#define ROUNDS_MAX   1000
#define STAMP_FD     9

struct variant {
	const char *name, *root;
	char **argv;
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
	fprintf(stderr, "start: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* In the new namespaces: the variant's root with its own /proc, then the clock, then the program.
 */
static void become(const struct variant *v, int out)
{
	uint64_t start;

	if (dup2(out, STAMP_FD) < 0 || chroot(v->root) < 0 || chdir("/") < 0)
		_exit(120);
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (mount("proc", "/proc", "proc", 0, NULL) < 0)
		_exit(121);
	start = now_ns();
	if (write(STAMP_FD, &start, sizeof(start)) != sizeof(start))
		_exit(122);
	execv(v->argv[0], v->argv);
	_exit(123);
}

static double run(const struct variant *v)
{
	uint64_t times[2];
	size_t got = 0;
	int fds[2], status;
	long pid;

	if (pipe(fds) < 0)
		die("pipe");
	pid = syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, 0);
	if (pid < 0)
		die("clone");
	if (pid == 0) {
		close(fds[0]);
		become(v, fds[1]);
	}
	close(fds[1]);
	while (got < sizeof(times)) {
		ssize_t n = read(fds[0], (char *)times + got, sizeof(times) - got);

		if (n <= 0)
			break;
		got += (size_t)n;
	}
	close(fds[0]);
	if (waitpid((pid_t)pid, &status, 0) < 0 || got != sizeof(times)) {
		fprintf(stderr, "start: %s did not stamp (status %#x)\n", v->name,
		        (unsigned)status);
		exit(1);
	}
	return (double)(times[1] - times[0]) / 1000;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int stamp(const char *fd)
{
	uint64_t t = now_ns();

	return write((int)strtol(fd, NULL, 10), &t, sizeof(t)) == sizeof(t) ? 0 : 1;
}

int main(int argc, char **argv)
{
	static struct variant variants[VARIANTS_MAX];
	size_t count = 0;
	long rounds;

	if (argc == 3 && strcmp(argv[1], "--stamp") == 0)
		return stamp(argv[2]);
	if (argc < 5 || (rounds = strtol(argv[1], NULL, 10)) < 1 || rounds > ROUNDS_MAX) {
		fputs("usage: start ROUNDS NAME ROOT CMD... [// NAME ROOT CMD...]\n", stderr);
		return 2;
	}
	for (int i = 2; i + 2 < argc && count < VARIANTS_MAX; i++) {
		variants[count++] = (struct variant){argv[i], argv[i + 1], &argv[i + 2], {0}};
		/* A variant ends at "//", so that its command may contain "--". */
		for (i += 2; i < argc && strcmp(argv[i], "//") != 0; i++)
			;
		argv[i] = NULL;
	}
	for (long r = 0; r < rounds; r++)
		for (size_t i = 0; i < count; i++)
			variants[i].us[r] = run(&variants[i]);
	for (size_t i = 0; i < count; i++) {
		qsort(variants[i].us, (size_t)rounds, sizeof(double), by_size);
		printf("%s %.0f %.0f %.0f\n", variants[i].name, variants[i].us[rounds / 2],
		       variants[i].us[rounds * 9 / 10], variants[i].us[0]);
	}
	return 0;
}
