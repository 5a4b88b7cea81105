#include "webhook/kubeconfig/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/kubeconfig/field.h"
#include "webhook/manifest/from_json.h"
#include "webhook/manifest/from_yaml.h"

int files_read(const char *path, size_t bytes_max, char **out, size_t *out_len, struct err *err)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(mem_freep) char *bytes = NULL;
	size_t len = 0, cap = 0;
	ssize_t n = 1;

	if (fd < 0)
		return err_set(err, errno, "%.150s: %s", path, strerror(errno));
	while (n > 0) {
		if (len + 1 >= cap) {
			char *grown = realloc(bytes, cap ? cap * 2 : 16384);

			if (!grown)
				return err_set(err, ENOMEM, "%.150s: out of memory", path);
			bytes = grown;
			cap = cap ? cap * 2 : 16384;
		}
		n = read(fd, bytes + len, cap - 1 - len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			return err_set(err, errno, "%.150s: %s", path, strerror(errno));
		else
			len += (size_t)n;
		if (len > bytes_max)
			return err_set(err, EFBIG, "%.150s: longer than %zu bytes", path,
			               bytes_max);
	}
	bytes[len] = '\0';
	*out_len = len;
	*out = TAKE(bytes);
	return 0;
}

/* JSON is no subset of what libyaml reads: it is tried first where it looks like it. */
static int parse(struct file *file, size_t len, struct err *err)
{
	struct str text = {file->bytes, len};
	struct err ignored = {0};
	size_t offset;
	int r;

	file->stream.name = file->name;
	if (file->bytes[strspn(file->bytes, " \t\r\n")] == '{') {
		if (from_json(&file->stream, text, &offset, &ignored) == 0)
			return 0;
		stream_done(&file->stream);
		file->stream.name = file->name;
	}
	r = from_yaml(&file->stream, text, err);
	return r;
}

/* Whether it is a kubeconfig at all, rather than some other object. */
static int check_kind(const struct file *file, struct err *err)
{
	struct entry root = {file, file->root};
	const char *kind = NULL, *version = NULL;
	int r;

	if (!file->root)
		return 0;
	if (file->root->kind != NODE_MAP)
		return field_error(root, err, "a kubeconfig must be a mapping");
	r = field_string(root, "kind", &kind, err);
	if (r == 0)
		r = field_string(root, "apiVersion", &version, err);
	if (r < 0)
		return r;
	if (kind && strcmp(kind, "Config") != 0)
		return field_error((struct entry){file, node_get(file->root, "kind")}, err,
		                   "this is a %.60s, no kubeconfig (kind Config)", kind);
	if (version && strcmp(version, "v1") != 0)
		return field_error((struct entry){file, node_get(file->root, "apiVersion")}, err,
		                   "apiVersion %.60s of a kubeconfig is not known, only v1",
		                   version);
	return 0;
}

static void file_done(struct file *file)
{
	stream_done(&file->stream);
	free(file->name);
	if (file->bytes)
		explicit_bzero(file->bytes, strlen(file->bytes));
	free(file->bytes);
	*file = (struct file){0};
}

/* Consumes `bytes`, which have a NUL behind them. */
static int push(struct files *files, const char *name, char *bytes, size_t len, struct err *err)
{
	struct file file = {.name = strdup(name), .bytes = bytes}, *items = NULL;
	int r = file.name ? 0 : err_set(err, ENOMEM, "%.150s: out of memory", name);

	if (r == 0 && files->count == FILES_COUNT_MAX)
		r = err_set(err, E2BIG, "%.150s: more than %d files", name, FILES_COUNT_MAX);
	if (r == 0)
		r = parse(&file, len, err);
	if (r == 0) {
		items = reallocarray(files->items, files->count + 1, sizeof(*items));
		r = items ? 0 : err_set(err, ENOMEM, "%.150s: out of memory", name);
	}
	if (r < 0) {
		file_done(&file);
		return r;
	}
	if (file.stream.count)
		file.root = file.stream.documents[0].root;
	files->items = items;
	items[files->count++] = file;
	return check_kind(&items[files->count - 1], err);
}

int files_add(struct files *files, const char *path, struct err *err)
{
	char *bytes = NULL;
	size_t len = 0;
	int r = files_read(path, FILES_BYTES_MAX, &bytes, &len, err);

	return r < 0 ? r : push(files, path, bytes, len, err);
}

int files_add_bytes(struct files *files, const char *name, const char *bytes, size_t len,
                    struct err *err)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return err_set(err, ENOMEM, "%.150s: out of memory", name);
	memcpy(copy, bytes, len);
	copy[len] = '\0';
	return push(files, name, copy, len, err);
}

void files_done(struct files *files)
{
	for (size_t i = 0; i < files->count; i++)
		file_done(&files->items[i]);
	free(files->items);
	*files = (struct files){0};
}

/* The item of `list` that has `name`, which must be one: NULL when there is none. */
static int find_item(struct entry list, const char *name, struct entry *out, struct err *err)
{
	*out = (struct entry){list.file, NULL};
	for (size_t i = 0; i < list.node->count; i++) {
		struct entry item = {list.file, list.node->members[i].value};
		const char *text;
		int r;

		if (item.node->kind != NODE_MAP)
			return field_error(item, err, "must be a mapping with a name");
		r = field_string(item, "name", &text, err);
		if (r < 0)
			return r;
		if (!text || strcmp(text, name) != 0)
			continue;
		if (out->node)
			return field_error(item, err,
			                   "the name \"%.60s\" stands there twice, first in line "
			                   "%u",
			                   name, (unsigned)out->node->line);
		*out = item;
	}
	return 0;
}

int files_find(const struct files *files, const char *list, const char *member, const char *name,
               struct entry *out, struct err *err)
{
	for (size_t i = 0; i < files->count; i++) {
		struct entry root = {&files->items[i], files->items[i].root}, found, items;
		int r = field_list(root, list, &items, err);

		if (r == 0 && items.node) {
			r = find_item(items, name, &found, err);
			if (r == 0 && found.node)
				return field_map(found, member, out, err);
		}
		if (r < 0)
			return r;
	}
	*out = (struct entry){0};
	return 0;
}

int files_current(const struct files *files, const char **out, struct err *err)
{
	*out = NULL;
	for (size_t i = 0; i < files->count && !*out; i++) {
		struct entry root = {&files->items[i], files->items[i].root};
		int r = field_string(root, "current-context", out, err);

		if (r < 0)
			return r;
	}
	return 0;
}

void files_names(const struct files *files, const char *list, char *out, size_t cap)
{
	size_t len = 0;

	*out = '\0';
	for (size_t i = 0; i < files->count; i++) {
		const struct node *items = node_get(files->items[i].root, list);

		for (size_t j = 0; items && items->kind == NODE_LIST && j < items->count; j++) {
			const char *name = node_text(node_get(items->members[j].value, "name"));

			if (!name || len >= cap)
				continue;
			len += (size_t)snprintf(out + len, cap - len, "%s%s", len ? ", " : "",
			                        name);
		}
	}
}
