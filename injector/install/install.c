/* install.c - each file under a name of its own first, then renamed into place. */
#include "injector/install/install.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "injector/base/contract.h"
#include "injector/base/err.h"
#include "injector/base/own.h"
#include "injector/base/version.h"

#define COPY_BYTES    65536
#define TEMP_PREFIX   ".farguard-install."
#define TEMP_NAME_MAX 64

static const char preload_line[] = CONTRACT_LIBRARY "\n";

/* In the order in which they may be seen: the preload file names what must be there before. */
static const struct payload_file {
	const char *name;
	mode_t mode;
	const char *text; /* what it holds, or NULL: a file of the image */
} payload[] = {
        {"farguard", 0755, NULL},
        {"libfarguard.so", 0755, NULL},
        {CONTRACT_PRELOAD_KEY, 0644, preload_line},
};

int install_parse(struct install_options *out, char **args, struct err *err)
{
	*out = (struct install_options){.from = "/"};
	for (; *args; args++) {
		if (strcmp(*args, "--from") == 0) {
			if (!args[1])
				return err_set(err, EINVAL, "install: --from needs a directory");
			out->from = *++args;
		} else if ((*args)[0] == '-') {
			return err_set(err, EINVAL, "install: unknown flag %.100s", *args);
		} else if (out->target) {
			return err_set(err, EINVAL, "install: one target, not also %.100s", *args);
		} else {
			out->target = *args;
		}
	}
	if (!out->target)
		return err_set(err, EINVAL, "install: no target; usage: farguard install TARGET");
	return 0;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static int copy_all(int from, int to, size_t *out_bytes)
{
	static char buf[COPY_BYTES];
	ssize_t n;
	int err;

	*out_bytes = 0;
	while ((n = read(from, buf, sizeof(buf))) > 0) {
		err = write_all(to, buf, (size_t)n);
		if (err < 0)
			return err;
		*out_bytes += (size_t)n;
	}
	return n < 0 ? -errno : 0;
}

/* Whether the file `fd`, from its beginning, holds what `source` (or `text`) does. */
static int compare(int fd, int source, const char *text)
{
	static char a[COPY_BYTES], b[COPY_BYTES];
	ssize_t n, m;

	if (lseek(fd, 0, SEEK_SET) < 0 || (source >= 0 && lseek(source, 0, SEEK_SET) < 0))
		return -errno;
	do {
		n = read(fd, a, sizeof(a));
		if (source >= 0) {
			m = read(source, b, sizeof(b));
		} else {
			m = (ssize_t)strlen(text);
			memcpy(b, text, (size_t)m);
			text += m;
		}
		if (n < 0 || m < 0)
			return -errno;
		if (n != m || memcmp(a, b, (size_t)n) != 0)
			return -EIO;
	} while (n > 0);
	return 0;
}

static int fill(int to, int source, const struct payload_file *file, size_t *out_bytes)
{
	int err;

	*out_bytes = file->text ? strlen(file->text) : 0;
	err = file->text ? write_all(to, file->text, *out_bytes) : copy_all(source, to, out_bytes);
	if (err < 0)
		return err;
	/* Whatever the umask is. */
	if (fchmod(to, file->mode) < 0 || fsync(to) < 0)
		return -errno;
	return compare(to, source, file->text);
}

static void temp_name(char out[TEMP_NAME_MAX], const struct payload_file *file)
{
	snprintf(out, TEMP_NAME_MAX, TEMP_PREFIX "%s", file->name);
}

/* Write `file` under its temporary name. */
static int stage(int from_dir, int target_dir, const struct payload_file *file, size_t *out_bytes)
{
	CLEANUP(fd_closep) int source = -1;
	CLEANUP(fd_closep) int to = -1;
	char temp[TEMP_NAME_MAX];

	if (!file->text) {
		source = openat(from_dir, file->name, O_RDONLY | O_CLOEXEC);
		if (source < 0)
			return -errno;
	}
	temp_name(temp, file);
	to = openat(target_dir, temp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	return fill(to, source, file, out_bytes);
}

/* Give it its name. */
static int reveal(int target_dir, const struct payload_file *file)
{
	char temp[TEMP_NAME_MAX];

	temp_name(temp, file);
	return renameat(target_dir, temp, target_dir, file->name) < 0 ? -errno : 0;
}

/* Remove what a run that was killed has left. */
static void remove_stale(int target_dir)
{
	int fd = dup(target_dir);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!dir) {
		fd_closep(&fd);
		return;
	}
	rewinddir(dir); /* the two share their place in it */
	while ((entry = readdir(dir)))
		if (strncmp(entry->d_name, TEMP_PREFIX, sizeof(TEMP_PREFIX) - 1) == 0)
			unlinkat(target_dir, entry->d_name, 0);
	closedir(dir);
}

static int failed(const struct install_options *options, const char *name, int code,
                  struct err *err)
{
	return err_set(err, -code, "install: %.120s/%s: %s", options->target, name,
	               code == -EIO ? "reads back otherwise than it was written" : strerror(-code));
}

/* All files first, then all names: what cannot be had whole leaves an older payload as it was. */
static int install_all(const struct install_options *options, int from, int target,
                       size_t *out_bytes, struct err *err)
{
	size_t bytes = 0, i;
	int code;

	for (i = 0; i < sizeof(payload) / sizeof(*payload); i++) {
		code = stage(from, target, &payload[i], &bytes);
		if (code < 0)
			return failed(options, payload[i].name, code, err);
		*out_bytes += bytes;
	}
	for (i = 0; i < sizeof(payload) / sizeof(*payload); i++) {
		code = reveal(target, &payload[i]);
		if (code < 0)
			return failed(options, payload[i].name, code, err);
	}
	if (fsync(target) < 0 && errno == EIO) /* not every file system knows it */
		return failed(options, "", -errno, err);
	return 0;
}

int install_payload(const struct install_options *options, char out_line[INSTALL_LINE_MAX],
                    struct err *err)
{
	CLEANUP(fd_closep) int from = open(options->from, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(fd_closep) int target = -1;
	size_t total = 0;
	int code;

	if (from < 0)
		return err_set(err, errno, "install: %.150s: %s", options->from, strerror(errno));
	target = open(options->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (target < 0)
		return err_set(err, errno, "install: %.150s: %s", options->target, strerror(errno));
	remove_stale(target);
	code = install_all(options, from, target, &total, err);
	if (code < 0) {
		remove_stale(target);
		return code;
	}
	snprintf(out_line, INSTALL_LINE_MAX, "farguard %s: installed into %.150s, %zu bytes\n",
	         FARGUARD_VERSION, options->target, total);
	return 0;
}

void install_last_words(const char *path, const char *text)
{
	CLEANUP(fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)!write(fd, text, strlen(text));
}
