/* note.c - the launcher's own records. */
#include "injector/launch/note.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "injector/base/clock.h"
#include "injector/event/record.h"
#include "injector/ring/write.h"

#define CWD_MAX 4096

/* Device number of the terminal on descriptor 0, or 0. */
static uint32_t terminal(void)
{
	struct stat st;

	return isatty(STDIN_FILENO) && fstat(STDIN_FILENO, &st) == 0 ? (uint32_t)st.st_rdev : 0;
}

void note_launched(struct ring_shared *ring, uint16_t flags, pid_t pid, const char *file,
                   char *const *argv)
{
	struct record head = {.time_ns = clock_ns(CLOCK_REALTIME),
	                      .kind = RECORD_EXEC_TRY,
	                      .flags = flags | RECORD_LAUNCHED,
	                      .pid = pid,
	                      .tid = pid,
	                      .ppid = pid == getpid() ? getppid() : getpid(),
	                      .uid = geteuid(),
	                      .gid = getegid(),
	                      .tty = terminal()};
	struct ring_cursor cursor;
	static char cwd[CWD_MAX]; /* the stack may be small */
	size_t file_bytes = strlen(file) + 1, cwd_bytes, bytes, argc, i;

	if (file[0] == '/' || !getcwd(cwd, sizeof(cwd)))
		cwd[0] = '\0';
	cwd_bytes = strlen(cwd) + 1;
	if (file_bytes + cwd_bytes > RECORD_TEXT_MAX) {
		cwd[0] = '\0';
		cwd_bytes = 1;
		head.flags |= RECORD_CUT;
	}
	bytes = file_bytes + cwd_bytes;
	for (argc = 0; argv[argc] && bytes < RECORD_TEXT_MAX; argc++)
		bytes += strlen(argv[argc]) + 1;
	if (bytes > RECORD_TEXT_MAX || argv[argc]) {
		bytes = bytes > RECORD_TEXT_MAX ? RECORD_TEXT_MAX : bytes;
		head.flags |= RECORD_CUT;
	}
	head.text_bytes = (uint32_t)bytes;
	if (ring_begin(&cursor, ring, sizeof(head) + bytes) < 0)
		return;
	ring_append(&cursor, &head, sizeof(head));
	ring_append(&cursor, file, file_bytes);
	ring_append(&cursor, cwd, cwd_bytes);
	for (i = 0; i < argc; i++) {
		size_t left = cursor.bytes + RING_WORD_BYTES - cursor.at, len = strlen(argv[i]) + 1;

		/* The last one may be cut, and still ends with a NUL. */
		ring_append(&cursor, argv[i], len <= left ? len : left - 1);
	}
	ring_commit(&cursor);
}

void note_refused(struct ring_shared *ring, int error)
{
	struct record head = {.time_ns = clock_ns(CLOCK_REALTIME),
	                      .kind = RECORD_EXEC_FAIL,
	                      .flags = RECORD_LAUNCHED,
	                      .pid = getpid(),
	                      .tid = getpid(),
	                      .ppid = getppid(),
	                      .result = -error};
	struct ring_part part = {&head, sizeof(head)};

	ring_write(ring, &part, 1);
}

void note_exit(struct ring_shared *ring, pid_t pid, int wait_status)
{
	struct record head = {.time_ns = clock_ns(CLOCK_REALTIME),
	                      .kind = RECORD_EXIT,
	                      .pid = pid,
	                      .args = {(uint32_t)wait_status}};
	struct ring_part part = {&head, sizeof(head)};

	ring_write(ring, &part, 1);
}
