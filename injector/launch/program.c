/* program.c - the file and the environment of what we start. */
#include "injector/launch/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "injector/base/contract.h"
#include "injector/base/own.h"
#include "injector/base/str.h"

/* containerd's, for images that set none. */
#define DEFAULT_PATH        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define PRELOAD             "LD_PRELOAD="
#define PRELOAD_BYTES       4096 /* of /etc/ld.so.preload, that are looked at */
#define PRELOAD_ENTRY_BYTES (sizeof(PRELOAD) + sizeof(CONTRACT_LIBRARY))
#define MUSL_LOADER         "/lib/ld-musl-x86_64.so.1"

/* As Go's os/exec: what the effective ids may execute; where a seccomp profile or an old kernel
 * refuses to say, any file with an x. */
static int check_file(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
		return 0;
	if (errno != ENOSYS && errno != EPERM)
		return -errno;
	return st.st_mode & 0111 ? 0 : -EACCES;
}

int program_look_up(const char *name, const char *path, char out[PROGRAM_PATH_MAX])
{
	struct str rest = {path ? path : DEFAULT_PATH, strlen(path ? path : DEFAULT_PATH)};
	size_t name_len = strlen(name);

	if (name_len == 0 || name_len >= PROGRAM_PATH_MAX)
		return -ENOENT;
	if (strchr(name, '/')) {
		memcpy(out, name, name_len + 1);
		return check_file(name);
	}
	while (rest.len) {
		struct str dir = str_cut(&rest, ':');

		if (dir.len == 0)
			dir = STR(".");
		if (dir.len + 1 + name_len >= PROGRAM_PATH_MAX)
			continue;
		memcpy(out, dir.ptr, dir.len);
		out[dir.len] = '/';
		memcpy(out + dir.len + 1, name, name_len + 1);
		if (check_file(out) == 0)
			return 0;
	}
	return -ENOENT;
}

/* Whether `list`, of names separated by spaces, colons or newlines, has our library. */
static bool names_library(struct str list)
{
	while (list.len) {
		size_t n = 0;

		while (n < list.len && !strchr(" :\t\n", list.ptr[n]))
			n++;
		if (str_eq((struct str){list.ptr, n}, STR(CONTRACT_LIBRARY)))
			return true;
		if (n < list.len)
			n++;
		list = (struct str){list.ptr + n, list.len - n};
	}
	return false;
}

bool program_needs_preload(const char *preload_file, bool has_musl)
{
	return has_musl || !names_library((struct str){preload_file, strlen(preload_file)});
}

bool program_needs_preload_here(void)
{
	static char text[PRELOAD_BYTES]; /* the stack may be small */
	CLEANUP(fd_closep) int fd = open(CONTRACT_PRELOAD, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;

	text[n > 0 ? n : 0] = '\0';
	/* A loader complains about a library that is not there. */
	return access(CONTRACT_LIBRARY, R_OK) == 0 &&
	       program_needs_preload(text, access(MUSL_LOADER, F_OK) == 0);
}

/* Write `value` with our library behind it to `at`; returns what stands after that. */
static char *join_preload(char *at, const char *value)
{
	size_t len = strlen(value);

	memcpy(at, PRELOAD, sizeof(PRELOAD) - 1);
	at += sizeof(PRELOAD) - 1;
	memcpy(at, value, len);
	at += len;
	if (len)
		*at++ = ':';
	memcpy(at, CONTRACT_LIBRARY, sizeof(CONTRACT_LIBRARY));
	return at + sizeof(CONTRACT_LIBRARY);
}

/* The value of an LD_PRELOAD that lacks our library, else NULL. */
static const char *lacking_preload(const char *variable)
{
	const char *value = variable + sizeof(PRELOAD) - 1;

	if (strncmp(variable, PRELOAD, sizeof(PRELOAD) - 1) != 0 ||
	    names_library((struct str){value, strlen(value)}))
		return NULL;
	return value;
}

char **program_environment(char *const *envp, bool preload, const char *extra)
{
	size_t count = 0, bytes = PRELOAD_ENTRY_BYTES, i;
	bool found = false;
	char **out, *text;

	for (; envp[count]; count++)
		bytes += strncmp(envp[count], PRELOAD, sizeof(PRELOAD) - 1) == 0
		                 ? strlen(envp[count]) + PRELOAD_ENTRY_BYTES
		                 : 0;
	out = malloc((count + 3) * sizeof(*out) + bytes);
	if (!out)
		return NULL;
	text = (char *)(out + count + 3);
	for (i = 0; i < count; i++) {
		const char *value = preload ? lacking_preload(envp[i]) : NULL;

		out[i] = value ? text : envp[i];
		text = value ? join_preload(text, value) : text;
		found |= strncmp(out[i], PRELOAD, sizeof(PRELOAD) - 1) == 0;
	}
	if (preload && !found) {
		out[count++] = text;
		join_preload(text, "");
	}
	if (extra)
		out[count++] = (char *)(uintptr_t)extra;
	out[count] = NULL;
	return out;
}
