/* users.c - passwd(5) without the C library's, which would load plug-ins. */
#include "injector/launch/users.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "injector/base/own.h"
#include "injector/base/str.h"

#define PASSWD_BYTES_MAX 16384
#define UID_DIGITS_MAX   10

static bool is_uid(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!isdigit((unsigned char)s.ptr[i]))
			return false;
	return s.len > 0 && s.len <= UID_DIGITS_MAX;
}

void users_format(const char *bytes, size_t len, char *out, size_t cap)
{
	struct str rest = {bytes, len};
	size_t used = 0;

	while (rest.len) {
		struct str line = str_cut(&rest, '\n');
		struct str name = str_cut(&line, ':'), uid;

		(void)str_cut(&line, ':');
		uid = str_cut(&line, ':');
		if (name.len == 0 || !is_uid(uid) || memchr(name.ptr, '\0', name.len) ||
		    used + uid.len + 1 + name.len + 1 >= cap)
			continue;
		memcpy(out + used, uid.ptr, uid.len);
		used += uid.len;
		out[used++] = ':';
		memcpy(out + used, name.ptr, name.len);
		used += name.len;
		out[used++] = '\n';
	}
	out[used] = '\0';
}

void users_read(char *out, size_t cap)
{
	static char text[PASSWD_BYTES_MAX]; /* the stack may be that small */
	CLEANUP(fd_closep) int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : 0;

	users_format(text, n > 0 ? (size_t)n : 0, out, cap);
}
