/* fuzz_hello.c - any bytes as a datagram on the agent's socket, then its words as the agent says
 * them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "injector/agent/containers.h"
#include "injector/agent/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct containers all;
	struct hello hello;
	struct container *c;
	struct str name, user;

	all.count = all.listed = 0;
	if (!hello_take(&hello, data, size))
		return 0;
	name = (struct str){hello.container, strlen(hello.container)};
	c = containers_get(&all, name);
	if (c && (!str_eq(c->name, name) || containers_find(&all, name) != c))
		abort();
	user = users_find(hello.users, size ? data[size - 1] : 0);
	if (user.len >= HELLO_USERS_MAX || !hello_pid1(&hello))
		abort();
	(void)hello_no_new_privs(&hello);
	return 0;
}
