/* run.c - one program from its start to its end; without Farguard if anything of it fails. */
#include "injector/launch/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "injector/base/contract.h"
#include "injector/base/own.h"
#include "injector/event/record.h"
#include "injector/launch/beside.h"
#include "injector/launch/child.h"
#include "injector/launch/estate.h"
#include "injector/launch/host.h"
#include "injector/launch/loop.h"
#include "injector/launch/note.h"
#include "injector/launch/pid1.h"
#include "injector/launch/program.h"
#include "injector/launch/say.h"
#include "injector/launch/signals.h"
#include "injector/launch/spool.h"
#include "injector/launch/users.h"

extern char **environ;

/* Why the program could not be executed, and the status that says so. */
static int cannot_execute(const char *name, int error)
{
	if (error == ENOENT) {
		say("run: ", name,
		    strchr(name, '/') ? ": no such file, or its interpreter is missing"
		                      : ": executable file not found in $PATH",
		    NULL);
		return RUN_EXIT_NOT_FOUND;
	}
	say("run: ", name, ": ", strerror(error), NULL);
	return RUN_EXIT_CANNOT_EXECUTE;
}

/* Last resort: be the program.  The variable keeps the preload library from wrapping it again. */
static int run_bare(const char *file, const struct run_options *options,
                    const struct signals_mask *mask, const char *why, int err)
{
	char **envp = program_environment(environ, false, CONTRACT_ENV_BARE "=1");

	say("run: ", why, ": ", strerror(-err), "; the program runs without Farguard", NULL);
	/* An execve(2) keeps both. */
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
	signals_restore(mask);
	execve(file, options->argv, envp ? envp : environ);
	mem_freep(&envp);
	return cannot_execute(file, errno);
}

static uint8_t first_process(bool is_program)
{
	char name[16] = "";
	CLEANUP(fd_closep) int fd = -1;

	if (getpid() == 1)
		return is_program ? HELLO_PID1_PROGRAM : HELLO_PID1_FARGUARD;
	fd = open("/proc/1/comm", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, name, sizeof(name) - 1) > 0 && strcmp(name, "pause\n") == 0)
		return HELLO_PID1_SHARED;
	return HELLO_PID1_PROGRAM;
}

/* An exec session or a hook: another program is PID 1, and the library sent us. */
static bool is_session(const struct run_options *options)
{
	return options->self_wrap && first_process(false) == HELLO_PID1_PROGRAM;
}

/* What the pod chose, and what the program makes of it. */
struct shape {
	bool is_program; /* PID 1 is the program */
	bool reaper;     /* it is not, and wants to be a subreaper */
	bool unknown;    /* the choice is a word that is none */
};

static struct shape shape_of(const struct run_options *options, const char *file)
{
	const char *word = options->pid1 ? options->pid1 : getenv(CONTRACT_ENV_PID1);
	enum pid1_choice choice = PID1_AUTO;
	struct shape shape = {.unknown = word && !pid1_parse(&choice, word)};
	siginfo_t info;
	enum pid1_need need;
	bool has_children;

	if (getpid() != 1)
		return shape;
	need = pid1_need(file, options->argv);
	has_children = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
	shape.is_program = pid1_is_program(choice, need, has_children);
	shape.reaper = !shape.is_program && need == PID1_NEEDS_ORPHANS;
	return shape;
}

static void fill_hello(struct hello *hello, const struct run_options *options,
                       const struct shape *shape, bool session)
{
	const char *container = getenv(CONTRACT_ENV_CONTAINER);

	*hello = (struct hello){.magic = HELLO_MAGIC,
	                        .version = HELLO_VERSION,
	                        .kind = HELLO_START,
	                        .pid1 = first_process(shape->is_program),
	                        .self_wrapped = options->self_wrap};
	hello->no_new_privs =
	        prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? HELLO_NNP_POD : HELLO_NNP_NONE;
	if (shape->is_program)
		hello->flags |= HELLO_BESIDE;
	if (shape->unknown)
		hello->flags |= HELLO_PID1_UNKNOWN;
	hello->session = session;
	if (container && strlen(container) < sizeof(hello->container))
		memcpy(hello->container, container, strlen(container) + 1);
	users_read(hello->users, sizeof(hello->users));
}

/* End as the program did.  PID 1 cannot die of a signal that it did not ask for
 * (pid_namespaces(7)), so there, as a shell would, with 128 and its number. */
static int end_like(int wait_status)
{
	const struct rlimit no_core = {0, 0};
	struct signals_mask others;
	int number = WTERMSIG(wait_status);

	if (WIFEXITED(wait_status))
		return WEXITSTATUS(wait_status);
	others.bits = ~(1ull << (number - 1));
	if (getpid() != 1) {
		setrlimit(RLIMIT_CORE, &no_core);
		signals_default(number);
		signals_restore(&others);
		syscall(SYS_kill, getpid(), number);
	}
	return 128 + number;
}

struct noted {
	struct ring_shared *ring;
	uint16_t flags;
};

static void note_child(const struct child_start *start, bool failed)
{
	const struct noted *noted = start->note_ctx;

	if (failed)
		note_refused(noted->ring, errno);
	else
		note_launched(noted->ring, noted->flags, getpid(), start->file, start->argv);
}

static int supervise(struct loop *loop, const struct run_options *options, const char *file,
                     const struct signals_mask *mask, struct hello *hello, bool reaper)
{
	struct estate *estate = loop->keeper.estate;
	CLEANUP(mem_freep)
	char **envp = program_environment(environ, program_needs_preload_here(), NULL);
	struct child_start start = {.file = file,
	                            .argv = options->argv,
	                            .envp = envp,
	                            .envp_plain = environ,
	                            .mask = *mask,
	                            .tied = getpid() != 1,
	                            .reaper = reaper,
	                            .note = note_child};
	struct noted noted = {loop->host->ring.shared,
	                      !estate || hello->session ? RECORD_SESSION : RECORD_FIRST};
	int error, status;

	if (!envp)
		return run_bare(file, options, mask, "memory", -ENOMEM);
	start.note_ctx = &noted;
	loop->program = child_start(&start, &error);
	if (loop->program < 0)
		return run_bare(file, options, mask, "fork", loop->program);
	if (loop->program == 0)
		return cannot_execute(file, error);
	hello->pid = loop->program;
	if (estate) {
		estate->hello = *hello;
		estate->title = options->title;
		spool_open(&estate->page->spool, CONTRACT_SPOOL_DIR, hello);
	}
	if (getpid() == 1)
		estate_let_go_of_the_rest(estate);
	else
		estate_let_go(estate);
	status = loop_run(loop);
	/* Whoever reads the program's output to its end is not to wait for the agent. */
	estate_let_go(estate);
	loop_finish(loop, status);
	return end_like(status);
}

/* The program becomes PID 1 in our place, with us beside it. */
static int become(struct estate *estate, const struct run_options *options, const char *file,
                  const struct signals_mask *mask)
{
	struct ring_shared *ring = estate->host->ring.shared;
	/* The library knows by the socket that PID 1 is wrapped; where a session has that name, by
	 * the variable. */
	const char *extra = estate->host->listener < 0 ? CONTRACT_ENV_BARE "=1" : NULL;
	CLEANUP(mem_freep)
	char **envp = program_environment(environ, program_needs_preload_here(), extra);
	int err;

	if (!envp)
		return run_bare(file, options, mask, "memory", -ENOMEM);
	spool_open(&estate->page->spool, CONTRACT_SPOOL_DIR, &estate->hello);
	spool_name(&estate->page->spool);
	err = beside_start(estate);
	if (err < 0)
		return run_bare(file, options, mask, "fork", err);
	note_launched(ring, RECORD_FIRST, getpid(), file, options->argv);
	signals_restore(mask);
	execve(file, options->argv, envp);
	if (errno == E2BIG)
		execve(file, options->argv, environ);
	err = errno;
	note_refused(ring, err);
	return cannot_execute(file, err);
}

int run_program(const struct run_options *options)
{
	static struct host host;
	static struct estate estate;
	struct loop loop = {.host = &host};
	char file[PROGRAM_PATH_MAX];
	struct hello hello;
	struct shape shape;
	struct signals_mask mask = {0};
	bool session;
	int err;

	err = program_look_up(options->exe ? options->exe : options->argv[0], getenv("PATH"), file);
	if (err < 0)
		return cannot_execute(options->exe ? options->exe : options->argv[0], -err);
	loop.stops = getpid() != 1 && getsid(0) != getpid();
	signals_block(&mask);
	err = signals_check();
	if (err < 0)
		return run_bare(file, options, &mask, "signals", err);
	session = is_session(options);
	err = host_open(&host, session);
	if (err < 0)
		return run_bare(file, options, &mask, "ring", err);
	if (!host.joined) {
		err = estate_open(&estate, &host);
		if (err < 0)
			return run_bare(file, options, &mask, "worker", err);
		loop.keeper.estate = &estate;
	}
	shape = shape_of(options, file);
	fill_hello(&hello, options, &shape, session);
	if (shape.is_program && !host.joined) {
		hello.pid = getpid();
		estate.hello = hello;
		estate.title = options->title;
		return become(&estate, options, file, &mask);
	}
	if (getpid() != 1 && !host.joined && !hello.session)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	return supervise(&loop, options, file, &mask, &hello, shape.reaper);
}
