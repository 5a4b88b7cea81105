/* fuzz_spool.c - what init containers leave in their directories, and do to it while it is read.
 *
 * Input that begins with a hello is one file as it stands.  Any other is a list of steps: the files
 * of two containers are written, cut, and put in the place of each other, of links, FIFOs,
 * directories; in between they are read, by an agent that stops and one that was restarted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "injector/agent/spool.h"

#define FILES 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

static const char *const names[FILES] = {"db", "web"};
static char root[64];
static struct spool spool;
static struct state_page page;
static unsigned in_call, stop_after;
static bool said_hello[FILES];

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void skip(struct input *in, size_t bytes)
{
	in->data += bytes;
	in->size -= bytes;
}

static uint64_t take(struct input *in, size_t bytes)
{
	uint64_t value = 0;

	if (bytes > in->size)
		bytes = in->size;
	if (bytes)
		memcpy(&value, in->data, bytes);
	skip(in, bytes);
	return value;
}

static const char *path_of(unsigned which)
{
	static char path[2][128];
	static unsigned turn;
	char *out = path[turn++ % 2];

	snprintf(out, sizeof(*path), "%s/%s/%s.records", root, names[which], names[which]);
	return out;
}

static void clean(void)
{
	unsigned i;

	for (i = 0; i < FILES; i++)
		if (remove(path_of(i)) < 0 && errno != ENOENT)
			abort();
}

static void leave(void)
{
	char path[128];
	unsigned i;

	clean();
	for (i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "%s/%s", root, names[i]);
		rmdir(path);
	}
	rmdir(root);
}

static void settle(void)
{
	char path[128];
	unsigned i;

	if (root[0])
		return;
	snprintf(root, sizeof(root), "/dev/shm/farguard-fuzz-XXXXXX");
	expect(mkdtemp(root));
	for (i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "%s/%s", root, names[i]);
		expect(mkdir(path, 0700) == 0);
	}
	atexit(leave);
}

static bool on_hello(void *ctx, const struct hello *hello)
{
	unsigned which = *(unsigned *)ctx;

	expect(strcmp(hello->container, names[which]) == 0 && !said_hello[which]);
	if (stop_after == 0)
		return false;
	said_hello[which] = true;
	return true;
}

static bool on_record(void *ctx, const char *container, const struct record *record)
{
	unsigned which = *(unsigned *)ctx;

	expect(strcmp(container, names[which]) == 0 && said_hello[which]);
	expect(record_check(record, sizeof(*record) + record->text_bytes));
	if (in_call == stop_after)
		return false;
	in_call++;
	return true;
}

static const struct state_spool *state_of(unsigned which)
{
	unsigned i;

	for (i = 0; i < SPOOL_FILES_MAX; i++)
		if (strcmp(page.spool[i].name, names[which]) == 0)
			return &page.spool[i];
	return NULL;
}

/* Read all that is there now, as an agent does over some turns. */
static void read_file(unsigned which)
{
	const struct spool_reader reader = {on_hello, on_record, &which};
	const struct state_spool *state = state_of(which);
	struct state_spool before = state ? *state : (struct state_spool){.offset = 0};
	unsigned turns = 0;
	int lowest = dup(STDIN_FILENO), after;
	bool more;

	close(lowest);
	do {
		in_call = 0;
		more = spool_read(&spool, root, (struct str){names[which], strlen(names[which])},
		                  &page, &reader);
		expect(in_call <= SPOOL_TURN_RECORDS);
		expect(++turns < SPOOL_FILE_BYTES / sizeof(struct record) / SPOOL_TURN_RECORDS + 4);
	} while (more);
	after = dup(STDIN_FILENO);
	close(after);
	expect(lowest == after); /* nothing is left open */
	state = state_of(which);
	expect(state && state->offset >= before.offset && state->offset <= SPOOL_FILE_BYTES);
	expect(!before.refused || (state->refused && state->offset == before.offset));
}

static void write_at(unsigned which, uint64_t offset, const void *bytes, size_t len)
{
	int fd = open(path_of(which), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	              0600);
	ssize_t n;

	if (fd < 0)
		return; /* a FIFO without a reader, a link, a directory */
	n = pwrite(fd, bytes, len, (off_t)offset);
	(void)n;
	close(fd);
}

/* A well-formed hello, or a record of `len` bytes of text, at the file's end. */
static void write_whole(unsigned which, bool hello, size_t len)
{
	struct hello first = {.magic = HELLO_MAGIC, .version = HELLO_VERSION, .kind = HELLO_START};
	struct {
		uint32_t len;
		unsigned char bytes[RECORD_BYTES_MAX];
	} one;
	struct record head = {.kind = RECORD_EXEC_DONE, .text_bytes = (uint32_t)len};
	struct stat st = {0};

	lstat(path_of(which), &st);
	snprintf(first.container, sizeof(first.container), "%s", names[which]);
	if (hello)
		return write_at(which, 0, &first, sizeof(first));
	memset(&one, 0, sizeof(one));
	one.len = (uint32_t)(sizeof(head) + len);
	memcpy(one.bytes, &head, sizeof(head));
	write_at(which, (uint64_t)st.st_size, &one, sizeof(one.len) + one.len);
}

static void replace(unsigned which, unsigned by)
{
	const char *path = path_of(which), *other = path_of(!which);
	int result = 0;

	if (remove(path) < 0 && errno != ENOENT)
		abort();
	switch (by % 6) {
	case 0:
		result = symlink(other, path);
		break;
	case 1:
		result = mkfifo(path, 0600);
		break;
	case 2:
		result = mkdir(path, 0700);
		break;
	case 3:
		result = link(other, path);
		break;
	case 4:
		result = rename(other, path);
		break;
	default:
		break;
	}
	(void)result; /* the other may not be there */
}

static void step(struct input *in)
{
	unsigned what = (unsigned)take(in, 1), which = what >> 7, i;
	uint64_t offset;
	size_t len;

	switch (what % 9) {
	case 0:
		len = take(in, 1);
		offset = take(in, 2) % 4096;
		len = len < in->size ? len : in->size;
		write_at(which, offset, in->data, len);
		skip(in, len);
		break;
	case 1:
		write_whole(which, true, 0);
		break;
	case 2:
		write_whole(which, false, take(in, 2) % (RECORD_TEXT_MAX + 1));
		break;
	case 3:
		(void)!truncate(path_of(which), (off_t)take(in, 3));
		break;
	case 4:
		replace(which, (unsigned)take(in, 1));
		break;
	case 5:
		stop_after = (unsigned)take(in, 1);
		read_file(which);
		break;
	case 6: /* another agent: the page outlives it, or does not */
		if (take(in, 1) & 1) {
			memset(&page, 0, sizeof(page));
			memset(said_hello, 0, sizeof(said_hello));
		}
		break;
	case 7:
		for (i = (unsigned)take(in, 2) % 64; i > 0; i--)
			write_whole(which, false, 2);
		break;
	default:
		stop_after = UINT32_MAX;
		read_file(which);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint32_t magic = HELLO_MAGIC;
	struct input in = {data, size};

	settle();
	clean();
	memset(&page, 0, sizeof(page));
	memset(said_hello, 0, sizeof(said_hello));
	stop_after = UINT32_MAX;
	if (size >= sizeof(magic) && memcmp(data, &magic, sizeof(magic)) == 0)
		write_at(0, 0, data, size);
	else
		while (in.size > 0)
			step(&in);
	stop_after = UINT32_MAX;
	read_file(0);
	read_file(1);
	return 0;
}
