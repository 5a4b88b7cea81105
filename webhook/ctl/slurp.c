#include "webhook/ctl/slurp.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "injector/base/own.h"

#define FIRST_CAP 65536u

int slurp(int fd, size_t bytes_max, char **out_bytes, size_t *out_len)
{
	size_t cap = FIRST_CAP, len = 0;
	CLEANUP(mem_freep) char *bytes = malloc(cap);
	ssize_t n = 1;

	if (!bytes)
		return -ENOMEM;
	while (n > 0) {
		if (len + 1 == cap) {
			char *grown = realloc(bytes, cap * 2);

			if (!grown)
				return -ENOMEM;
			bytes = grown;
			cap *= 2;
		}
		n = read(fd, bytes + len, cap - 1 - len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			return -errno;
		else
			len += (size_t)n;
		if (len > bytes_max)
			return -EFBIG;
	}
	bytes[len] = '\0';
	*out_len = len;
	*out_bytes = TAKE(bytes);
	return 0;
}
