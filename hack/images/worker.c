/* worker.c - a small service that starts programs: `worker serve`, `worker exit STATUS`.
 *
 * Why      The same behaviour as worker.sh and worker.py for images without a shell: it says
 *          what it was given, starts two programs and says how they ended, then serves or ends.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void on_end(int signal_number)
{
	(void)signal_number;
	ended = 1;
}

static int start(char *const argv[])
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void work(void)
{
	char *well[] = {"tool", "0", "one argument", "", "two", NULL};
	char *badly[] = {"tool", "7", NULL};

	printf("tool ended with %d\n", start(well));
	printf("tool ended with %d\n", start(badly));
}

static void serve(void)
{
	char *again[] = {"tool", "0", "again", NULL};
	struct sigaction action = {.sa_handler = on_end};

	sigaction(SIGTERM, &action, NULL);
	while (!ended) {
		sleep(2);
		if (!ended)
			start(again);
	}
}

int main(int argc, char **argv)
{
	const char *greeting = getenv("GREETING"), *mode = argc > 1 ? argv[1] : "serve";
	int number = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0;
	char cwd[256];

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("uid %d gid %d cwd %s greeting %s\n", (int)getuid(), (int)getgid(),
	       getcwd(cwd, sizeof(cwd)) ? cwd : "?", greeting ? greeting : "");
	for (int i = 1; i < argc; i++)
		printf("argument %d is <%s>\n", i, argv[i]);
	work();
	if (strcmp(mode, "serve") == 0)
		serve();
	return number;
}
