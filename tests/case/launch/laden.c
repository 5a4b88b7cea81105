/* laden.c - give a command everything to inherit that differs from the ordinary.
 *
 *	laden USER CMD [ARG...]
 *
 * Each step that is refused here is said on stderr: what is not set is not tested.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void must(const char *what, long result)
{
	if (result < 0)
		fprintf(stderr, "laden: %s: %s\n", what, strerror(errno));
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	must(path, fd < 0 ? -1 : write(fd, text, strlen(text)));
	close(fd);
}

/* All sixteen, each with a number of its own. */
static void limits(void)
{
	static const struct {
		int which;
		rlim_t soft, hard;
	} all[] = {
	        {RLIMIT_CPU, 1000, 2000},
	        {RLIMIT_FSIZE, 700 << 20, 800 << 20},
	        {RLIMIT_DATA, 300 << 20, 400 << 20},
	        {RLIMIT_STACK, 4 << 20, 5 << 20},
	        {RLIMIT_CORE, 0, 0},
	        {RLIMIT_RSS, 100 << 20, 200 << 20},
	        {RLIMIT_NPROC, 4000, 5000},
	        {RLIMIT_NOFILE, 100, 200},
	        {RLIMIT_MEMLOCK, 4096, 8192},
	        {RLIMIT_AS, 2000 << 20, 3000ll << 20},
	        {RLIMIT_LOCKS, 7, 8},
	        {RLIMIT_SIGPENDING, 50, 60},
	        {RLIMIT_MSGQUEUE, 1000, 2000},
	        {RLIMIT_NICE, 3, 4},
	        {RLIMIT_RTPRIO, 5, 6},
	        {RLIMIT_RTTIME, 100000, 200000},
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct rlimit r;

		getrlimit((__rlimit_resource_t)all[i].which, &r);
		r.rlim_max = r.rlim_max < all[i].hard ? r.rlim_max : all[i].hard;
		r.rlim_cur = r.rlim_max < all[i].soft ? r.rlim_max : all[i].soft;
		must("setrlimit", setrlimit((__rlimit_resource_t)all[i].which, &r));
	}
}

static void schedule(void)
{
	const struct sched_param param = {0};
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	must("affinity", sched_setaffinity(0, sizeof(one), &one));
	must("policy", sched_setscheduler(0, SCHED_BATCH, &param));
	must("nice", setpriority(PRIO_PROCESS, 0, 7));
	must("ionice", syscall(SYS_ioprio_set, 1, 0, 3 << 13 | 0));
	put("/proc/self/oom_score_adj", "321");
	put("/proc/self/coredump_filter", "0x7");
	put("/proc/self/loginuid", "4711");
	must("slack", prctl(PR_SET_TIMERSLACK, 123456, 0, 0, 0));
	must("thp", prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	must("mce", prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0));
	must("speculation", prctl(PR_SET_SPECULATION_CTRL, 0, PR_SPEC_DISABLE, 0, 0));
	must("personality", personality(ADDR_NO_RANDOMIZE | ADDR_COMPAT_LAYOUT));
	must("keyring", syscall(SYS_keyctl, 1, "farguard-laden"));
}

static void files(void)
{
	static const int where[] = {3, 5, 6, 17, 99};
	char path[] = "/tmp/farguard-laden-XXXXXX";
	size_t i;

	for (i = 0; i < sizeof(where) / sizeof(*where); i++)
		dup2(open("/dev/null", i & 1 ? O_RDWR | O_APPEND : O_RDONLY | O_NONBLOCK),
		     where[i]);
	fcntl(6, F_SETFD, FD_CLOEXEC);
	umask(0135);
	/* A directory that is gone. */
	must("mkdtemp", mkdtemp(path) ? chdir(path) : -1);
	must("rmdir", rmdir(path));
}

/* Some capabilities in all five sets, an unprivileged user, and no way back. */
static void user(uid_t uid)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	const unsigned kept = 1u << CAP_NET_BIND_SERVICE | 1u << CAP_KILL;
	struct __user_cap_data_struct caps[2] = {{kept, kept, kept}, {0, 0, 0}};
	const gid_t groups[] = {3, 4, 1234, 54321};
	int i;

	for (i = 0; i <= CAP_LAST_CAP; i++)
		if (i != CAP_NET_BIND_SERVICE && i != CAP_KILL && i != CAP_SETPCAP &&
		    i != CAP_SETUID && i != CAP_SETGID)
			prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	must("securebits", prctl(PR_SET_SECUREBITS, 0x10 | 0x20 | 0x4 | 0x8, 0, 0, 0));
	must("groups", setgroups(4, groups));
	must("gid", setgid(2345));
	must("uid", setresuid(uid, uid, uid));
	must("capset", syscall(SYS_capset, &head, caps));
	must("ambient", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0));
	must("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

int main(int argc, char **argv)
{
	unsigned long long blocked = 1ull << (SIGUSR1 - 1) | 1ull << (SIGRTMAX - 1) | 3ull << 31;

	if (argc < 3)
		return 2;
	limits();
	schedule();
	files();
	if (atoll(argv[1]))
		user((uid_t)atoll(argv[1]));
	signal(SIGPIPE, SIG_IGN);
	signal(SIGRTMIN + 5, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, NULL, sizeof(blocked));
	execv(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
