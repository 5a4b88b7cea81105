/* calls.c - one case a run: `calls CASE` makes some calls and says what they gave.
 *
 * run.py runs each case bare and with the library: output and status must be the same, and the
 * records what run.py expects.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_MINSIGSTKSZ_ 51 /* linux/auxvec.h; musl does not name it */

extern char **environ;

/* Not a constant, so that the compiler does not see through it. */
static char *volatile nowhere = (char *)16;

static char *const echo[] = {"echo", "one two", "", NULL};

/* What the child of a fork() did: its status as a shell has it. */
static int child_status(pid_t pid)
{
	int status = -1;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

#define IN_CHILD(call)                                                                             \
	do {                                                                                       \
		pid_t pid_ = fork();                                                               \
                                                                                                   \
		if (pid_ == 0) {                                                                   \
			call;                                                                      \
			printf("errno %d\n", errno);                                               \
			fflush(stdout);                                                            \
			_exit(9);                                                                  \
		}                                                                                  \
		printf("%d\n", child_status(pid_));                                                \
		fflush(stdout);                                                                    \
	} while (0)

static void exec_family(void)
{
	IN_CHILD(execve("/bin/echo", echo, environ));
	IN_CHILD(execv("/bin/echo", echo));
	IN_CHILD(execvp("echo", echo));
	IN_CHILD(execl("/bin/echo", "echo", "l", (char *)NULL));
	IN_CHILD(execlp("echo", "echo", "lp", (char *)NULL));
	IN_CHILD(execle("/bin/echo", "echo", "le", (char *)NULL, environ));
	IN_CHILD(fexecve(open("/bin/echo", O_RDONLY), echo, environ));
}

static void exec_fails(void)
{
	char *bad[] = {"x", nowhere, NULL};

	IN_CHILD(execv("/nonexistent", echo));
	IN_CHILD(execvp("no-such-program-here", echo));
	IN_CHILD(execv("/etc", echo));
	IN_CHILD(execv(nowhere, echo));
	IN_CHILD(execv("/bin/echo", bad));
	IN_CHILD(execv("/bin/echo", (char **)(void *)nowhere));
	IN_CHILD(execv("", echo));
}

static void spawn(void)
{
	pid_t pid = 0;
	int result = posix_spawn(&pid, "/bin/echo", NULL, NULL, echo, environ);

	printf("%d %d\n", child_status(pid), result);
	result = posix_spawnp(&pid, "echo", NULL, NULL, echo, environ);
	printf("%d %d\n", child_status(pid), result);
	printf("%d\n", posix_spawn(&pid, "/nonexistent", NULL, NULL, echo, environ));
}

static void vforked(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execv("/bin/echo", echo);
		_exit(9);
	}
	printf("%d\n", child_status(pid));
}

static void many_arguments(void)
{
	static char *argv[3001];
	size_t i;

	argv[0] = "true";
	for (i = 1; i < 3000; i++)
		argv[i] = "argument";
	IN_CHILD(execv("/bin/true", argv));
}

static void listed_arguments(void)
{
#define TEN "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"
	IN_CHILD(execl("/bin/echo", "echo", TEN, TEN, TEN, TEN, TEN, TEN, TEN, TEN, (char *)NULL));
}

static void opened(const char *what, int fd)
{
	printf("%s %d errno %d\n", what, fd >= 0, fd >= 0 ? 0 : errno);
	if (fd >= 0)
		close(fd);
}

static void opens(void)
{
	int dir;
	FILE *f;

	opened("create", open("new", O_CREAT | O_WRONLY | O_EXCL, 0640));
	opened("exists", open("new", O_CREAT | O_WRONLY | O_EXCL, 0640));
	opened("read", open("new", O_RDONLY));
	opened("append", open("new", O_WRONLY | O_APPEND));
	opened("missing", open("no/such", O_RDWR));
	opened("bad", open(nowhere, O_RDWR));
	opened("empty", open("", O_RDWR));
	opened("tmpfile", open(".", O_TMPFILE | O_RDWR, 0600));
	opened("creat", creat("made", 0600));
	mkdir("sub", 0700);
	dir = open("sub", O_RDONLY | O_DIRECTORY);
	opened("openat", openat(dir, "inner", O_CREAT | O_RDWR, 0604));
	opened("closed", openat(999, "inner", O_CREAT | O_RDWR, 0604));
	close(dir);
	if ((f = fopen("stream", "we"))) {
		fputs("text", f);
		f = freopen("stream", "a+", f);
		printf("freopen %d\n", f != NULL);
		fclose(f);
	}
	if ((f = fopen("stream", "r")))
		fclose(f);
	printf("fopen %d errno %d\n", fopen("no/such", "w") != NULL, errno);
	unlink("new"), unlink("made"), unlink("sub/inner"), rmdir("sub"), unlink("stream");
}

static void modes(void)
{
	struct stat st = {0};

	umask(0);
	close(open("mode", O_CREAT | O_WRONLY, 0751));
	stat("mode", &st);
	printf("%o\n", st.st_mode & 07777);
	unlink("mode");
}

static void connects(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(1)};
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/nonexistent.sock"};
	struct sockaddr unspec = {.sa_family = AF_UNSPEC};
	int fd = socket(AF_INET, SOCK_STREAM, 0), ufd = socket(AF_UNIX, SOCK_STREAM, 0), result;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	result = connect(fd, (struct sockaddr *)&in, sizeof(in));
	printf("inet %d errno %d\n", result, errno);
	result = connect(ufd, (struct sockaddr *)&un, sizeof(un));
	printf("unix %d errno %d\n", result, errno);
	result = connect(fd, (struct sockaddr *)(void *)nowhere, sizeof(in));
	printf("bad %d errno %d\n", result, errno);
	result = connect(-1, (struct sockaddr *)(void *)nowhere, sizeof(in));
	printf("closed %d errno %d\n", result, errno);
	close(fd);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	result = connect(fd, (struct sockaddr *)&unspec, sizeof(unspec));
	printf("unspec %d\n", result);
}

static void *thread_main(void *arg)
{
	int i;

	for (i = 0; i < 200; i++)
		close(open("/dev/null", O_WRONLY));
	return arg;
}

static void threads(void)
{
	pthread_t thread[8];
	size_t i;

	for (i = 0; i < 8; i++)
		pthread_create(&thread[i], NULL, thread_main, NULL);
	for (i = 0; i < 8; i++)
		pthread_join(thread[i], NULL);
	puts("joined");
}

static void forked(void)
{
	close(open("/dev/null", O_WRONLY));
	IN_CHILD({
		close(open("/dev/zero", O_WRONLY));
		_exit(4);
	});
}

static volatile sig_atomic_t handled;

static void on_alarm(int signal)
{
	(void)signal;
	close(open("/dev/null", O_WRONLY));
	handled = 1;
}

/* A hook in a signal handler, on the smallest stack that the system allows. */
static void small_stack(void)
{
	size_t size = (size_t)getauxval(AT_MINSIGSTKSZ_) + 4096;
	char *memory = mmap(NULL, size + 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = {.ss_size = size, .ss_sp = memory + 4096};
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_ONSTACK};

	mprotect(memory + 4096, size, PROT_READ | PROT_WRITE);
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	printf("handled %d\n", (int)handled);
}

static void closes_everything(void)
{
	int fd;

	fflush(stdout);
	for (fd = 3; fd < 256; fd++)
		close(fd);
	IN_CHILD(execv("/bin/echo", echo));
}

static void descriptors(void)
{
	int fd;

	for (fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("%d ", fd);
	puts("");
}

static void identities(void)
{
	close(open("/dev/null", O_WRONLY));
	printf("setegid %d\n", setegid(getegid() ? getegid() : 33));
	printf("seteuid %d\n", seteuid(geteuid() ? geteuid() : 33));
	close(open("/dev/null", O_WRONLY));
}

static void killed(void)
{
	close(open("/dev/null", O_WRONLY));
	fflush(stdout);
	raise(SIGKILL);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
        {"exec-family", exec_family},
        {"exec-fails", exec_fails},
        {"spawn", spawn},
        {"vfork", vforked},
        {"many-arguments", many_arguments},
        {"listed-arguments", listed_arguments},
        {"opens", opens},
        {"modes", modes},
        {"connects", connects},
        {"threads", threads},
        {"fork", forked},
        {"small-stack", small_stack},
        {"closes-everything", closes_everything},
        {"descriptors", descriptors},
        {"identities", identities},
        {"killed", killed},
};

int main(int argc, char **argv)
{
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; argc == 2 && i < sizeof(cases) / sizeof(*cases); i++) {
		if (strcmp(argv[1], cases[i].name) == 0) {
			cases[i].run();
			return 0;
		}
	}
	return 2;
}
