/* about.c - everything that a program can learn about itself, one "key value" a line.
 *
 * No value is a moment's (times, memory in use, addresses): two runs in the same surroundings say
 * the same.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

extern char **environ;

static void hex(const char *key, int number, const char *text)
{
	printf("%s[%d] ", key, number);
	for (; *text; text++)
		printf(*text > ' ' && *text < 127 ? "%c" : "\\x%02x", (unsigned char)*text);
	printf("\n");
}

/* A file of /proc, each line with its own key, or the whole as one. */
static void file(const char *key, const char *path)
{
	char line[65536];
	FILE *f = fopen(path, "re");
	int i = 0;

	if (!f) {
		printf("%s errno %d\n", key, errno);
		return;
	}
	for (; fgets(line, sizeof(line), f); i++) {
		line[strcspn(line, "\n")] = '\0';
		hex(key, i, line);
	}
	fclose(f);
}

static void status(void)
{
	static const char *const moments[] = {"Vm",   "Rss",   "ctxt",        "FDSize",
	                                      "SigQ", "State", "HugetlbPages"};
	char line[65536];
	FILE *f = fopen("/proc/self/status", "re");
	size_t i;

	while (f && fgets(line, sizeof(line), f)) {
		char *value = strchr(line, ':');

		for (i = 0; i < sizeof(moments) / sizeof(*moments); i++)
			if (strstr(line, moments[i]))
				break;
		if (!value || i < sizeof(moments) / sizeof(*moments))
			continue;
		*value++ = '\0';
		printf("status.%s %s", line, value + strspn(value, "\t "));
	}
	if (f)
		fclose(f);
}

static void links(void)
{
	static const char *const names[] = {"exe",     "cwd",     "root",   "ns/cgroup",
	                                    "ns/ipc",  "ns/mnt",  "ns/net", "ns/pid",
	                                    "ns/time", "ns/user", "ns/uts", "ns/pid_for_children"};
	char path[64], target[4096];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/%s", names[i]);
		n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		printf("link.%s %s\n", names[i], target);
	}
}

static void descriptors(void)
{
	char path[64], target[4096];
	struct stat st;
	int fd;

	for (fd = 0; fd < 4096; fd++) {
		ssize_t n;

		if (fstat(fd, &st) < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		/* Pipes have other numbers in another run. */
		if (strchr(target, '['))
			target[strcspn(target, "[")] = '\0';
		printf("fd[%d] %s mode %o flags %x %x at %lld\n", fd, target, st.st_mode,
		       fcntl(fd, F_GETFD), fcntl(fd, F_GETFL), (long long)lseek(fd, 0, SEEK_CUR));
	}
}

static void limits(void)
{
	struct rlimit r;
	int i;

	for (i = 0; i < RLIM_NLIMITS; i++)
		if (getrlimit((__rlimit_resource_t)i, &r) == 0)
			printf("rlimit[%d] %llx %llx\n", i, (unsigned long long)r.rlim_cur,
			       (unsigned long long)r.rlim_max);
}

static void signals(void)
{
	unsigned long long mask = 0, pending = 0;
	struct itimerval timer;
	stack_t alternative;
	int i;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, sizeof(mask));
	syscall(SYS_rt_sigpending, &pending, sizeof(pending));
	sigaltstack(NULL, &alternative);
	printf("signals.blocked %llx\nsignals.pending %llx\nsignals.stack %x\n", mask, pending,
	       alternative.ss_flags);
	for (i = 1; i < 65; i++) {
		struct {
			void *handler;
			unsigned long flags;
			void *restorer;
			unsigned long long set;
		} action = {0};

		if (syscall(SYS_rt_sigaction, i, NULL, &action, 8) == 0 && action.handler)
			printf("signal[%d] %p %lx\n", i, action.handler, action.flags);
	}
	for (i = ITIMER_REAL; i <= ITIMER_PROF; i++) {
		getitimer((__itimer_which_t)i, &timer);
		/* What is left is a moment's. */
		printf("timer[%d] %d %ld\n", i, timer.it_value.tv_sec || timer.it_value.tv_usec,
		       (long)timer.it_interval.tv_sec);
	}
}

static void controls(void)
{
	static const struct {
		const char *name;
		int option;
		unsigned long arg;
	} plain[] = {
	        {"dumpable", PR_GET_DUMPABLE, 0},
	        {"keepcaps", PR_GET_KEEPCAPS, 0},
	        {"timing", PR_GET_TIMING, 0},
	        {"securebits", PR_GET_SECUREBITS, 0},
	        {"timerslack", PR_GET_TIMERSLACK, 0},
	        {"mce_kill", PR_MCE_KILL_GET, 0},
	        {"no_new_privs", PR_GET_NO_NEW_PRIVS, 0},
	        {"thp_disable", PR_GET_THP_DISABLE, 0},
	        {"io_flusher", 58, 0},
	        {"mdwe", 66, 0},
	        {"memory_merge", 68, 0},
	        {"speculation.0", PR_GET_SPECULATION_CTRL, 0},
	        {"speculation.1", PR_GET_SPECULATION_CTRL, 1},
	        {"speculation.2", PR_GET_SPECULATION_CTRL, 2},
	};
	static const struct {
		const char *name;
		int option;
	} pointed[] = {{"subreaper", PR_GET_CHILD_SUBREAPER},
	               {"pdeathsig", PR_GET_PDEATHSIG},
	               {"tsc", PR_GET_TSC}};
	char name[17] = "";
	size_t i;

	for (i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		printf("prctl.%s %d\n", plain[i].name,
		       prctl(plain[i].option, plain[i].arg, 0, 0, 0));
	for (i = 0; i < sizeof(pointed) / sizeof(*pointed); i++) {
		int value = -1;

		prctl(pointed[i].option, &value, 0, 0, 0);
		printf("prctl.%s %d\n", pointed[i].name, value);
	}
	prctl(PR_GET_NAME, name, 0, 0, 0);
	printf("prctl.name %s\n", name);
}

static void scheduling(void)
{
	struct {
		unsigned size, policy;
		unsigned long long flags;
		int nice;
		unsigned priority;
		unsigned long long runtime, deadline, period;
		unsigned low, high;
	} attr = {0};
	unsigned long cpus[16] = {0}, nodes[16] = {0};
	int mode = -1;

	syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0);
	printf("sched.policy %u flags %llx nice %d priority %u clamp %u %u\n", attr.policy,
	       attr.flags, attr.nice, attr.priority, attr.low, attr.high);
	/* The slice of a fair task, since Linux 6.12. */
	printf("sched.slice %llu\n", attr.runtime);
	syscall(SYS_sched_getaffinity, 0, sizeof(cpus), cpus);
	printf("sched.cpus %lx %lx\n", cpus[0], cpus[1]);
	printf("sched.nice %d\n", getpriority(PRIO_PROCESS, 0));
	printf("sched.io %ld\n", syscall(SYS_ioprio_get, 1, 0));
	syscall(SYS_get_mempolicy, &mode, nodes, sizeof(nodes) * 8, NULL, 0);
	printf("sched.memory %d %lx\n", mode, nodes[0]);
}

static void family(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	printf("pid %d\nppid %d\n", getpid(), getppid());
	printf("leads.group %d\nleads.session %d\n", getpgrp() == getpid(), getsid(0) == getpid());
	printf("terminal.session %d\nterminal.foreground %d\n", tcgetsid(0) == getpid(),
	       tcgetpgrp(0) == getpgrp());
	printf("children %d\n", waitpid(-1, NULL, WNOHANG) < 0 ? -errno : 0);
	while (proc && (entry = readdir(proc)))
		count += entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
	if (proc)
		closedir(proc);
	printf("processes %d\n", count);
	printf("first.comm ");
	fflush(stdout);
	file("", "/proc/1/comm");
}

/* Libraries, in any order. */
static void maps(void)
{
	char line[8192];
	FILE *f = fopen("/proc/self/maps", "re");

	while (f && fgets(line, sizeof(line), f)) {
		const char *path = strchr(line, '/');

		if (path && strstr(path, ".so"))
			printf("map.%.*s loaded\n", (int)strcspn(path, "\n"), path);
	}
	if (f)
		fclose(f);
}

static void auxiliary(void)
{
	static const int numbers[] = {AT_UID, AT_EUID, AT_GID, AT_EGID, AT_SECURE, AT_HWCAP};
	struct utsname name;
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		printf("auxv[%d] %lx\n", numbers[i], getauxval((unsigned long)numbers[i]));
	printf("auxv.execfn %s\n", (const char *)getauxval(AT_EXECFN));
	uname(&name);
	printf("uname %s %s\n", name.nodename, name.machine);
}

int main(int argc, char **argv)
{
	static const char *const files[] = {
	        "personality", "limits",    "cgroup",        "loginuid",        "setgroups",
	        "uid_map",     "gid_map",   "timerslack_ns", "coredump_filter", "comm",
	        "cmdline",     "mountinfo", "oom_score_adj", "attr/current"};
	const mode_t mask = umask(0);
	char path[64], cwd[4096];
	size_t n;
	int i;

	umask(mask);
	printf("umask %o\nargc %d\n", mask, argc);
	for (i = 0; argv[i]; i++)
		hex("arg", i, argv[i]);
	for (i = 0; environ[i]; i++)
		hex("env", i, environ[i]);
	descriptors();
	for (n = 0; n < sizeof(files) / sizeof(*files); n++) {
		snprintf(path, sizeof(path), "/proc/self/%s", files[n]);
		file(files[n], path);
	}
	printf("getcwd %s\n", getcwd(cwd, sizeof(cwd)) ? cwd : strerror(errno));
	/* KEYCTL_DESCRIBE of the session's keyring: its owner, permissions and name. */
	n = (size_t)syscall(SYS_keyctl, 6, -3, cwd, sizeof(cwd));
	printf("keyring %s\n", n < sizeof(cwd) ? cwd : "none");
	status();
	links();
	limits();
	signals();
	controls();
	scheduling();
	family();
	maps();
	auxiliary();
	return 0;
}
