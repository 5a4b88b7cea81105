/* path.c - a path as the caller gave it, made absolute by text alone. */
#include "injector/proc/path.h"

#include <assert.h>

/* A path that is being put together. */
struct joined {
	char *out;
	size_t len, room; /* room without the NUL */
	size_t fixed;     /* ".." does not go back beyond this */
	bool cut;
};

static void go_up(struct joined *j)
{
	while (j->len > j->fixed && j->out[j->len - 1] != '/')
		j->len--;
	if (j->len > j->fixed && j->len > 1)
		j->len--; /* the slash */
}

static void add_part(struct joined *j, struct str part)
{
	bool slash = j->len > 0 && j->out[j->len - 1] != '/';

	if (part.len + slash > j->room - j->len) {
		j->cut = true;
		part.len = j->room - j->len > slash ? j->room - j->len - slash : 0;
		if (part.len == 0)
			return;
	}
	if (slash)
		j->out[j->len++] = '/';
	memcpy(j->out + j->len, part.ptr, part.len);
	j->len += part.len;
}

static void add_path(struct joined *j, struct str path, bool absolute)
{
	while (path.len && !j->cut) {
		struct str part = str_cut(&path, '/');

		if (part.len == 0 || str_eq(part, STR(".")))
			continue;
		if (!str_eq(part, STR(".."))) {
			add_part(j, part);
		} else if (absolute || j->len > j->fixed) {
			go_up(j);
		} else {
			add_part(j, part);
			j->fixed = j->len;
		}
	}
}

size_t path_join(struct str cwd, struct str path, char *out, size_t cap, bool *out_cut)
{
	bool rooted = path.len && path.ptr[0] == '/';
	bool absolute = rooted || (cwd.len && cwd.ptr[0] == '/');
	struct joined j = {.out = out, .room = cap - 1};

	assert(cap > 1);
	if (absolute)
		out[j.len++] = '/';
	j.fixed = j.len;
	if (!rooted)
		add_path(&j, cwd, absolute);
	add_path(&j, path, absolute);
	if (j.cut)
		*out_cut = true;
	out[j.len] = '\0';
	return j.len;
}

struct str path_name(struct str path)
{
	size_t i = path.len;

	while (i > 0 && path.ptr[i - 1] != '/')
		i--;
	return (struct str){path.ptr + i, path.len - i};
}
