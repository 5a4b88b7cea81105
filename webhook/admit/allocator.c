#include "webhook/admit/allocator.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME   "GLIBC_TUNABLES"
#define VALUES "glibc.malloc.tcache_count=200:glibc.malloc.arena_max=2"

void allocator_tune(char *const *argv)
{
	char self[PATH_MAX];
	ssize_t len;

	if (getenv(NAME))
		return;
	/* By its path: the process would be named "exe" by the link. */
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len <= 0 || setenv(NAME, VALUES, 0) < 0)
		return;
	self[len] = '\0';
	execv(self, argv);
}
