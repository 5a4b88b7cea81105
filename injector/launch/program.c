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
#define DEFAULT_PATH  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define PRELOAD       "LD_PRELOAD="
#define PRELOAD_BYTES 4096
#define MUSL_LOADER   "/lib/ld-musl-x86_64.so.1"

static int check_file(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode) || !(st.st_mode & 0111))
		return -EACCES;
	return 0;
}

int program_look_up(const char *name, const char *path, char out[PROGRAM_PATH_MAX])
{
	struct str rest = {path ? path : DEFAULT_PATH, strlen(path ? path : DEFAULT_PATH)};
	size_t name_len = strlen(name);
	int found = -ENOENT;

	if (name_len == 0 || name_len >= PROGRAM_PATH_MAX)
		return -ENOENT;
	if (strchr(name, '/')) {
		memcpy(out, name, name_len + 1);
		return check_file(name);
	}
	while (rest.len) {
		struct str dir = str_cut(&rest, ':');
		int err;

		if (dir.len == 0)
			dir = STR(".");
		if (dir.len + 1 + name_len >= PROGRAM_PATH_MAX)
			continue;
		memcpy(out, dir.ptr, dir.len);
		out[dir.len] = '/';
		memcpy(out + dir.len + 1, name, name_len + 1);
		err = check_file(out);
		if (err == 0)
			return 0;
		if (err == -EACCES)
			found = -EACCES;
	}
	return found;
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
	char text[PRELOAD_BYTES] = "";
	CLEANUP(fd_closep) int fd = open(CONTRACT_PRELOAD, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;

	text[n > 0 ? n : 0] = '\0';
	return program_needs_preload(text, access(MUSL_LOADER, F_OK) == 0);
}

static char *joined_preload(const char *value)
{
	size_t len = strlen(value), bytes = sizeof(PRELOAD) + len + 1 + sizeof(CONTRACT_LIBRARY);
	char *out = malloc(bytes);

	if (!out)
		return NULL;
	memcpy(out, PRELOAD, sizeof(PRELOAD));
	memcpy(out + sizeof(PRELOAD) - 1, value, len + 1);
	if (len)
		memcpy(out + sizeof(PRELOAD) - 1 + len++, ":", 1);
	memcpy(out + sizeof(PRELOAD) - 1 + len, CONTRACT_LIBRARY, sizeof(CONTRACT_LIBRARY));
	return out;
}

char **program_environment(char *const *envp, bool preload, const char *extra)
{
	const char *value = "";
	size_t count, at;
	char **out;

	for (count = 0; envp[count]; count++)
		;
	out = malloc((count + 3) * sizeof(*out));
	if (!out)
		return NULL;
	memcpy(out, envp, count * sizeof(*out));
	/* The loader takes the last one. */
	for (at = count; at > 0 && strncmp(envp[at - 1], PRELOAD, sizeof(PRELOAD) - 1) != 0; at--)
		;
	if (at)
		value = envp[at - 1] + sizeof(PRELOAD) - 1;
	if (preload && !names_library((struct str){value, strlen(value)})) {
		char *joined = joined_preload(value);

		if (!joined) {
			free(out);
			return NULL;
		}
		out[at ? at - 1 : count++] = joined;
	}
	if (extra)
		out[count++] = (char *)(uintptr_t)extra;
	out[count] = NULL;
	return out;
}
