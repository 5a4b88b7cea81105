/* emit.c - records from the application's own memory, straight into the ring. */
#include "injector/preload/emit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "injector/event/record.h"
#include "injector/preload/channel.h"
#include "injector/preload/identity.h"
#include "injector/preload/sys.h"
#include "injector/preload/text.h"
#include "injector/ring/write.h"

#define PATH_CUT    4096 /* PATH_MAX: what the kernel takes */
#define CWD_CUT     768  /* of stack, which may be a signal's small one */
#define ADDRESS_CUT 128  /* sizeof(struct sockaddr_storage) */
#define ARGS_MAX    (1 << 20)

/* Documentation/admin-guide/devices.txt: virtual consoles and serial lines, /dev/tty, pty slaves.
 */
#define MAJOR_TTY       4
#define MAJOR_CONSOLE   5
#define MAJOR_PTS_FIRST 136
#define MAJOR_PTS_LAST  143

extern int clock_gettime(clockid_t clock, struct timespec *out) __attribute__((weak));

uint64_t emit_now(void)
{
	struct timespec now = {0};

	/* The C library's goes through the vDSO, without entering the kernel. */
	if (!clock_gettime || clock_gettime(CLOCK_REALTIME, &now) < 0)
		SYS2(clock_gettime, CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void fill_head(struct record *head, uint16_t kind)
{
	struct identity who = identity_get();

	*head = (struct record){.kind = kind, .pid = who.pid, .uid = who.uid, .gid = who.gid};
}

/* An exec asks the kernel: it may stand in a vfork child, and is rare. */
static void fill_exec_head(struct record *head, uint16_t kind)
{
	*head = (struct record){.kind = kind,
	                        .pid = (int32_t)SYS0(getpid),
	                        .tid = (int32_t)SYS0(gettid),
	                        .uid = (uint32_t)SYS0(geteuid),
	                        .gid = (uint32_t)SYS0(getegid)};
}

/* Device number of the terminal on descriptor 0, or 0. */
static uint32_t terminal(void)
{
	struct stat st;
	unsigned major_;

	if (SYS2(fstat, 0, &st) < 0 || !S_ISCHR(st.st_mode))
		return 0;
	major_ = (unsigned)(st.st_rdev >> 8) & 0xfff;
	if (major_ != MAJOR_TTY && major_ != MAJOR_CONSOLE &&
	    (major_ < MAJOR_PTS_FIRST || major_ > MAJOR_PTS_LAST))
		return 0;
	return (uint32_t)st.st_rdev;
}

/* "/proc/self/fd/N", which must have room for it. */
static void descriptor_link(char out[32], int fd)
{
	size_t len = text_append(out, 0, 32, "/proc/self/fd/"), digits = 1;
	unsigned n = (unsigned)fd, scale = 1;

	while (n / scale >= 10) {
		scale *= 10;
		digits++;
	}
	for (; digits; digits--, scale /= 10)
		out[len++] = (char)('0' + n / scale % 10);
	out[len] = '\0';
}

/* The directory that a relative path starts from; "" when it cannot be told. */
static size_t directory(int dirfd, char out[CWD_CUT], uint16_t *flags)
{
	char link[32];
	long n;

	if (dirfd == AT_FDCWD) {
		n = SYS2(getcwd, out, CWD_CUT) - 1;
	} else if (dirfd >= 0) {
		descriptor_link(link, dirfd);
		n = SYS4(readlinkat, AT_FDCWD, link, out, CWD_CUT - 1);
	} else {
		n = -1;
	}
	if (n < 0) {
		*flags |= RECORD_CUT;
		n = 0;
	}
	out[n] = '\0';
	return (size_t)n;
}

/* The strings of an exec: measured first, then copied. */
struct exec_text {
	long path_len, cwd_len;
	const char *path, *cwd;
	size_t argc, last_len; /* arguments that fit; the last one may be cut */
	size_t bytes;
};

static void measure_args(struct exec_text *text, const struct emit_exec *exec,
                         struct text_probe *probe, uint16_t *flags)
{
	size_t i;

	for (i = 0; exec->argv && i < ARGS_MAX; i++) {
		size_t room = RECORD_TEXT_MAX - text->bytes;
		long len;

		if (!text_probe(probe, &exec->argv[i], sizeof(exec->argv[i])))
			break;
		if (!exec->argv[i])
			return;
		len = room > 1 ? text_probe_len(probe, exec->argv[i], room) : -1;
		if (len < 0)
			break;
		text->argc = i + 1;
		if ((size_t)len == room) {
			text->last_len = room - 1;
			text->bytes += room;
			break;
		}
		text->last_len = (size_t)len;
		text->bytes += (size_t)len + 1;
	}
	if (exec->argv)
		*flags |= RECORD_CUT;
}

/* `len` bytes of a string and a NUL; should it have got shorter meanwhile, NULs. */
static void append_string(struct ring_cursor *cursor, const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && s[n])
		n++;
	ring_append(cursor, s, n);
	for (; n < len + 1; n++)
		ring_append(cursor, "", 1);
}

static void write_exec(struct ring_shared *ring, const struct record *head,
                       const struct emit_exec *exec, const struct exec_text *text)
{
	struct ring_cursor cursor;
	size_t i;

	if (ring_begin(&cursor, ring, sizeof(*head) + text->bytes) < 0)
		return;
	ring_append(&cursor, head, sizeof(*head));
	append_string(&cursor, text->path, (size_t)text->path_len);
	append_string(&cursor, text->cwd, (size_t)text->cwd_len);
	for (i = 0; i < text->argc; i++) {
		const char *arg = exec->argv[i];

		append_string(&cursor, arg, i + 1 < text->argc ? text_len(arg) : text->last_len);
	}
	ring_commit(&cursor);
}

void emit_exec(const struct emit_exec *exec)
{
	struct ring_shared *ring = channel_ring();
	struct text_probe probe = {0};
	struct exec_text text = {0};
	struct record head;
	char cwd[CWD_CUT];

	if (!ring)
		return;
	fill_exec_head(&head, exec->kind);
	head.flags = exec->flags;
	head.time_ns = exec->time_ns ? exec->time_ns : emit_now();
	head.ppid = exec->pid ? head.pid : (int32_t)SYS0(getppid);
	head.pid = exec->pid ? exec->pid : head.pid;
	head.tty = terminal();
	text.path = exec->path;
	text.cwd = "";
	text.path_len = text_probe_len(&probe, exec->path, PATH_CUT);
	if (text.path_len < 0)
		return; /* the kernel says EFAULT */
	if (text.path_len == 0 && exec->dirfd != AT_FDCWD) {
		/* fexecve(): the descriptor is the file. */
		text.path_len = (long)directory(exec->dirfd, cwd, &head.flags);
		text.path = cwd;
	} else if (exec->path[0] != '/' || exec->kind == RECORD_EXEC_DONE) {
		text.cwd_len = (long)directory(exec->dirfd, cwd, &head.flags);
		text.cwd = cwd;
	}
	text.bytes = (size_t)text.path_len + 1 + (size_t)text.cwd_len + 1;
	measure_args(&text, exec, &probe, &head.flags);
	head.text_bytes = (uint32_t)text.bytes;
	write_exec(ring, &head, exec, &text);
}

void emit_exec_failed(int result)
{
	struct ring_shared *ring = channel_ring();
	struct record head;
	struct ring_part part = {&head, sizeof(head)};

	if (!ring)
		return;
	fill_exec_head(&head, RECORD_EXEC_FAIL);
	head.time_ns = emit_now();
	head.result = result;
	ring_write(ring, &part, 1);
}

void emit_open(int dirfd, const char *path, int flags, uint32_t mode, int result)
{
	struct ring_shared *ring = channel_ring();
	struct text_probe probe = {0};
	struct record head;
	char cwd[CWD_CUT];
	long path_len;

	if (!ring || !ring_takes(ring, RECORD_OPEN))
		return;
	fill_head(&head, RECORD_OPEN);
	head.time_ns = emit_now();
	head.result = result;
	head.args[0] = (uint32_t)flags;
	head.args[1] = mode;
	path_len = result >= 0 ? (long)text_len(path) : text_probe_len(&probe, path, PATH_CUT);
	if (path_len < 0)
		return;
	cwd[0] = '\0';
	struct ring_part parts[] = {
	        {&head, sizeof(head)}, {path, (size_t)path_len}, {"", 1}, {cwd, 1}};
	if (path[0] != '/')
		parts[3].len = directory(dirfd, cwd, &head.flags) + 1;
	head.text_bytes = (uint32_t)(parts[1].len + 1 + parts[3].len);
	ring_write(ring, parts, sizeof(parts) / sizeof(*parts));
}

void emit_connect(const void *address, size_t len, int result)
{
	struct ring_shared *ring = channel_ring();
	struct text_probe probe = {0};
	struct record head;
	struct ring_part parts[] = {{&head, sizeof(head)}, {address, len}};

	if (!ring || len < sizeof(sa_family_t) || !ring_takes(ring, RECORD_CONNECT))
		return;
	if (len > ADDRESS_CUT)
		parts[1].len = ADDRESS_CUT;
	if (!text_probe(&probe, address, parts[1].len))
		return;
	fill_head(&head, RECORD_CONNECT);
	head.time_ns = emit_now();
	head.result = result;
	head.flags = result == -EINPROGRESS ? RECORD_IN_PROGRESS : 0;
	head.text_bytes = (uint32_t)parts[1].len;
	ring_write(ring, parts, sizeof(parts) / sizeof(*parts));
}
