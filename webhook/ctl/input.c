#include "webhook/ctl/input.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/ctl/slurp.h"

static int fail(struct err *err, int code, const char *name)
{
	if (code == EFBIG)
		return err_set(err, code, "%.150s: longer than %u bytes", name, INPUT_BYTES_MAX);
	if (code == EMFILE)
		return err_set(err, code, "%.150s: more than %d files", name, INPUT_COUNT_MAX);
	return err_set(err, code, "%.150s: %s", name, strerror(code));
}

/* Append `file`, whose blocks the list owns from then on.  Returns 0 or -ENOMEM. */
static int push(struct input *input, struct input_file *file)
{
	struct input_file *files =
	        reallocarray(input->files, input->count + 1, sizeof(*input->files));

	if (!files)
		return -ENOMEM;
	files[input->count] = *file;
	*file = (struct input_file){0};
	input->files = files;
	input->count++;
	return 0;
}

static int add_fd(struct input *input, int fd, const char *name, struct err *err)
{
	struct input_file file = {.name = strdup(name)};
	int r;

	if (input->count == INPUT_COUNT_MAX)
		r = -EMFILE;
	else
		r = file.name ? slurp(fd, INPUT_BYTES_MAX, &file.bytes, &file.len) : -ENOMEM;
	if (r == 0)
		r = push(input, &file);
	free(file.name);
	free(file.bytes);
	return r < 0 ? fail(err, -r, name) : 0;
}

static int add_file(struct input *input, const char *path, struct err *err)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? fail(err, errno, path) : add_fd(input, fd, path, err);
}

static int is_manifest(const struct dirent *entry)
{
	static const char *const ends[] = {".yaml", ".yml", ".json"};
	size_t len = strlen(entry->d_name), i;

	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		size_t end = strlen(ends[i]);

		if (len > end && strcmp(entry->d_name + len - end, ends[i]) == 0)
			return 1;
	}
	return 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_entry(struct input *input, const char *directory, const char *name, size_t *taken,
                     struct err *err)
{
	CLEANUP(mem_freep) char *path = NULL;
	struct stat st;

	if (asprintf(&path, "%s%s%s", directory, directory[strlen(directory) - 1] == '/' ? "" : "/",
	             name) < 0) {
		path = NULL;
		return fail(err, ENOMEM, directory);
	}
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return 0;
	(*taken)++;
	return add_file(input, path, err);
}

static int add_directory(struct input *input, const char *path, struct err *err)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, is_manifest, by_bytes), i, r = 0;
	size_t taken = 0;

	if (count < 0)
		return fail(err, errno, path);
	for (i = 0; i < count; i++) {
		if (r == 0)
			r = add_entry(input, path, entries[i]->d_name, &taken, err);
		free(entries[i]);
	}
	free(entries);
	if (r == 0 && taken == 0)
		return err_set(err, ENOENT, "%.150s: no *.yaml, *.yml or *.json in it", path);
	return r;
}

int input_read(struct input *input, const char *const *paths, size_t count, struct err *err)
{
	*input = (struct input){0};
	for (size_t i = 0; i < count; i++) {
		struct stat st;
		int r;

		if (strcmp(paths[i], "-") == 0)
			r = add_fd(input, STDIN_FILENO, "-", err);
		else if (stat(paths[i], &st) < 0)
			r = fail(err, errno, paths[i]);
		else if (S_ISDIR(st.st_mode))
			r = add_directory(input, paths[i], err);
		else
			r = add_file(input, paths[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

void input_done(struct input *input)
{
	for (size_t i = 0; i < input->count; i++) {
		free(input->files[i].name);
		free(input->files[i].bytes);
	}
	free(input->files);
	*input = (struct input){0};
}
