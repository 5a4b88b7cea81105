/* heed.c - proc(5) tells what is blocked and caught, and who waits in sigwait(3). */
#include "injector/launch/heed.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "injector/base/own.h"

#define STATUS_BYTES 4096
#define LINE_BYTES   128
#define LOOKS_MAX    10
#define LOOK_NS      1000000L
#define KERNEL_RTMIN 32 /* signal(7): the C library keeps 32 and 33 to itself */

/* What stands behind `name`, at the beginning of a line. */
static const char *field(const char *text, const char *name)
{
	size_t len = strlen(name);

	while (text && strncmp(text, name, len) != 0) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return text ? text + len : NULL;
}

bool heed_parse(const char *text, struct heed_status *out)
{
	const char *uid = field(text, "Uid:\t"), *blocked = field(text, "SigBlk:\t");
	const char *caught = field(text, "SigCgt:\t");
	const char *switches = field(text, "voluntary_ctxt_switches:\t");

	if (!uid || !blocked || !caught || !switches)
		return false;
	*out = (struct heed_status){.blocked = strtoull(blocked, NULL, 16),
	                            .caught = strtoull(caught, NULL, 16),
	                            .switches = strtoull(switches, NULL, 10),
	                            .uid = (uid_t)strtoul(uid, NULL, 10)};
	return true;
}

/* The text of /proc/PID/FILE in `out`, `cap` bytes with its NUL; false when there is none. */
static bool read_of(pid_t pid, const char *file, char *out, size_t cap)
{
	char path[64];
	CLEANUP(fd_closep) int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, out, cap - 1);
	out[n > 0 ? n : 0] = '\0';
	return n > 0;
}

bool heed_read(pid_t pid, struct heed_status *out)
{
	char text[STATUS_BYTES];

	return read_of(pid, "status", text, sizeof(text)) && heed_parse(text, out);
}

enum activity {
	ACTIVITY_UNKNOWN,
	ACTIVITY_COMPUTES,
	ACTIVITY_STARTS, /* a process or thread; fork(3) and its like block everything meanwhile */
	ACTIVITY_WAITS,  /* in rt_sigtimedwait(2): what it waits for there is given, yet not blocked
	                  */
	ACTIVITY_OTHER,
};

/* What it does, by the number of its system call. */
static enum activity activity_of(pid_t pid)
{
	char line[LINE_BYTES], *end;
	long number;

	if (!read_of(pid, "syscall", line, sizeof(line)))
		return ACTIVITY_UNKNOWN;
	if (strncmp(line, "running", 7) == 0)
		return ACTIVITY_COMPUTES;
	number = strtol(line, &end, 10);
	if (end == line)
		return ACTIVITY_UNKNOWN;
	if (number == SYS_rt_sigtimedwait)
		return ACTIVITY_WAITS;
	return number == SYS_clone || number == SYS_fork || number == SYS_vfork ||
	                       number == SYS_clone3
	               ? ACTIVITY_STARTS
	               : ACTIVITY_OTHER;
}

bool heed_signal(pid_t pid, int number)
{
	const struct timespec look = {0, LOOK_NS};
	const uint64_t bit = 1ull << (number - 1);
	struct heed_status last = {0};
	bool blocked = false;
	unsigned looks;

	/* It lets go on what was stopped, whatever else becomes of it. */
	if (number == SIGCONT)
		return true;
	for (looks = 0; looks < LOOKS_MAX; looks++) {
		struct heed_status before, after;
		enum activity activity;

		if (!heed_read(pid, &before))
			return true;
		activity = activity_of(pid);
		if (activity == ACTIVITY_UNKNOWN || activity == ACTIVITY_WAITS ||
		    !heed_read(pid, &after) || (before.caught | after.caught) & bit)
			return true;
		blocked = (before.blocked | after.blocked) & bit;
		/* Real-time signals come in numbers, and ask for no patience. */
		if (blocked && number >= KERNEL_RTMIN)
			return true;
		/* Runnable may be on the way into sigwait(3), or out of it. */
		if (activity == ACTIVITY_OTHER && before.switches == after.switches) {
			if (!blocked)
				return false;
			/* Blocked for a moment is dropped when that ends; asleep with it is
			 * somebody who reads signalfd(2). */
			if (looks && last.blocked & bit && last.switches == after.switches)
				return true;
		}
		last = after;
		nanosleep(&look, NULL);
	}
	return blocked;
}
