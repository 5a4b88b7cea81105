/* hello.c - judge what came over the agent's socket. */
#include "injector/agent/hello.h"

#include <string.h>

#include "injector/base/str.h"

bool hello_take(struct hello *out, const void *bytes, size_t len)
{
	struct hello hello;

	if (len != sizeof(hello))
		return false;
	memcpy(&hello, bytes, sizeof(hello));
	if (hello.magic != HELLO_MAGIC || hello.version != HELLO_VERSION ||
	    (hello.kind != HELLO_START && hello.kind != HELLO_END) ||
	    (hello.flags & ~HELLO_FLAGS) != 0 || !hello.container[0] ||
	    !memchr(hello.container, '\0', sizeof(hello.container)) ||
	    !memchr(hello.users, '\0', sizeof(hello.users)))
		return false;
	*out = hello;
	return true;
}

const char *hello_pid1(const struct hello *hello)
{
	switch ((enum hello_pid1)hello->pid1) {
	case HELLO_PID1_FARGUARD:
		return "farguard";
	case HELLO_PID1_SHARED:
		return "shared";
	case HELLO_PID1_PROGRAM:
		break;
	}
	return "program";
}

const char *hello_no_new_privs(const struct hello *hello)
{
	switch ((enum hello_no_new_privs)hello->no_new_privs) {
	case HELLO_NNP_POD:
		return "pod";
	case HELLO_NNP_FARGUARD:
		return "farguard";
	case HELLO_NNP_NONE:
		break;
	}
	return NULL;
}
