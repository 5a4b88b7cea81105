/* launchers.c - proc_net_unix(5): "Num RefCount Protocol Flags Type St Inode Path". */
#include "injector/agent/launchers.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "injector/base/contract.h"
#include "injector/base/own.h"
#include "injector/base/str.h"

#define TURNS_MAX 256 /* of one buffer each: some ten thousand sockets */
/* Those that are connected bear their listener's name too: __SO_ACCEPTCON of linux/net.h. */
#define LISTENS "00010000"

static bool is_ring(struct str line)
{
	const struct str prefix = STR("@" CONTRACT_RING_SOCKET_PREFIX);
	struct str flags = {0};
	const char *path;
	unsigned i;

	for (i = 0; i < 4; i++)
		flags = str_cut(&line, ' ');
	path = line.len ? memchr(line.ptr, '@', line.len) : NULL;
	return str_eq(flags, STR(LISTENS)) && path &&
	       (size_t)(line.ptr + line.len - path) > prefix.len &&
	       memcmp(path, prefix.ptr, prefix.len) == 0;
}

unsigned launchers_in(const char *text, size_t len)
{
	struct str rest = {text, len};
	unsigned count = 0;

	while (rest.len && memchr(rest.ptr, '\n', rest.len))
		count += is_ring(str_cut(&rest, '\n'));
	return count;
}

unsigned launchers_count(void)
{
	static char text[16384];
	CLEANUP(fd_closep) int fd = open("/proc/self/net/unix", O_RDONLY | O_CLOEXEC);
	unsigned count = 0, turn;
	size_t kept = 0;

	for (turn = 0; fd >= 0 && turn < TURNS_MAX; turn++) {
		ssize_t n = read(fd, text + kept, sizeof(text) - kept);
		const char *last;

		if (n <= 0)
			return count;
		kept += (size_t)n;
		last = memrchr(text, '\n', kept);
		if (!last)
			return UINT_MAX; /* no line of the kernel's is that long */
		count += launchers_in(text, (size_t)(last + 1 - text));
		kept -= (size_t)(last + 1 - text);
		memmove(text, last + 1, kept);
	}
	return fd < 0 ? 0 : UINT_MAX;
}
