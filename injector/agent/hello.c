/* hello.c - judge what came over the agent's socket. */
#include "injector/agent/hello.h"

#include <string.h>

#include "injector/base/str.h"

bool hello_take(struct hello *out, const void *bytes, size_t len)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return out->magic == HELLO_MAGIC && out->version == HELLO_VERSION &&
	       (out->kind == HELLO_START || out->kind == HELLO_END) && out->zero == 0 &&
	       out->container[0] && memchr(out->container, '\0', sizeof(out->container)) &&
	       memchr(out->users, '\0', sizeof(out->users));
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
