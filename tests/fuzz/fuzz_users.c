/* fuzz_users.c - any bytes as a container's /etc/passwd. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "injector/event/hello.h"
#include "injector/launch/users.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cap = size ? 1 + data[0] % 64u * 16u : HELLO_USERS_MAX, len;
	char *out = malloc(cap);

	if (!out)
		return 0;
	users_format((const char *)data, size, out, cap);
	len = strlen(out);
	if (len >= cap || (len > 0 && out[len - 1] != '\n'))
		abort();
	free(out);
	return 0;
}
