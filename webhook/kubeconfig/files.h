/* files.h - kubeconfig files in the order that counts, and what they say by name.
 *
 * Why      Of entries with one name, the first file's counts whole; relative paths belong to the
 *          file that they stand in.  So an entry keeps its file.
 * Owns     Bytes and trees, until files_done(); what is found is borrowed.
 * Limits   FILES_COUNT_MAX files of FILES_BYTES_MAX.
 * Errors   -errno, "FILE:LINE:COLUMN: ..." in `err`.
 */
#ifndef FARGUARD_KUBECONFIG_FILES_H
#define FARGUARD_KUBECONFIG_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "webhook/manifest/stream.h"

#define FILES_COUNT_MAX 64
#define FILES_BYTES_MAX (16u << 20)

struct file {
	char *name, *bytes;
	struct stream stream;
	const struct node *root; /* NULL when it says nothing */
};

struct files {
	struct file *items;
	size_t count;
};

/* A part of a file. */
struct entry {
	const struct file *file;
	const struct node *node; /* NULL: it is not there */
};

/* All of file `path`, malloc'ed, with a NUL behind it.  Returns 0, or -errno with `err` set. */
int files_read(const char *path, size_t bytes_max, char **out, size_t *out_len, struct err *err);

/* Append the file `path`.  Returns 0, -ENOENT when there is none, or -errno. */
int files_add(struct files *files, const char *path, struct err *err);

/* Append what stands in `bytes`, as if it were the file `name`; both are copied. */
int files_add_bytes(struct files *files, const char *name, const char *bytes, size_t len,
                    struct err *err);
void files_done(struct files *files);

/* Find what `name` is in the lists `list` ("contexts"), whose items have it at `member`
 * ("context").  `out->node` is NULL when no file has it. */
int files_find(const struct files *files, const char *list, const char *member, const char *name,
               struct entry *out, struct err *err);

/* The first file's current-context that is set, NULL when none is. */
int files_current(const struct files *files, const char **out, struct err *err);

/* The names in the lists `list`, as "a, b, c", cut to fit `cap` bytes. */
void files_names(const struct files *files, const char *list, char *out, size_t cap);

#endif
