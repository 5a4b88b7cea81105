#include "webhook/kube/objects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct objects_item {
	bool is_seen; /* in the list that is being read */
	size_t name_at, text_at, len;
	char bytes[]; /* namespace, name, text, each with its NUL */
};

int objects_init(struct objects *set)
{
	pthread_rwlockattr_t attr;
	int r = pthread_rwlockattr_init(&attr);

	*set = (struct objects){0};
	if (r)
		return -r;
	/* By default readers that overlap keep a writer out for as long as they come. */
	r = pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	if (r == 0)
		r = pthread_rwlock_init(&set->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	return -r;
}

static void clear(struct objects *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->items[i]);
	free(set->items);
	set->items = NULL;
	set->count = set->cap = set->bytes = 0;
}

void objects_done(struct objects *set)
{
	clear(set);
	pthread_rwlock_destroy(&set->lock);
}

void objects_forget(struct objects *set)
{
	pthread_rwlock_wrlock(&set->lock);
	clear(set);
	set->is_listed = false;
	pthread_rwlock_unlock(&set->lock);
}

static size_t size_of(const struct objects_item *item)
{
	return sizeof(*item) + item->text_at + item->len + 1;
}

static int order_of(const struct objects_item *item, const char *namespace, const char *name)
{
	int order = strcmp(item->bytes, namespace);

	return order ? order : strcmp(item->bytes + item->name_at, name);
}

/* The first item that does not stand before `namespace` and `name`; no name is "". */
static size_t place_of(const struct objects *set, const char *namespace, const char *name)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (order_of(set->items[middle], namespace, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct objects *set, size_t at, const char *namespace, const char *name)
{
	return at < set->count && order_of(set->items[at], namespace, name) == 0;
}

/* The end of the items of `namespace` that begin at `from`. */
static size_t end_of(const struct objects *set, size_t from, const char *namespace)
{
	while (from < set->count && strcmp(set->items[from]->bytes, namespace) == 0)
		from++;
	return from;
}

static void drop(struct objects *set, size_t at)
{
	set->bytes -= size_of(set->items[at]);
	free(set->items[at]);
	set->count--;
	memmove(set->items + at, set->items + at + 1,
	        (set->count - at) * sizeof(struct objects_item *));
}

static struct objects_item *make(const char *namespace, const char *name, const char *text,
                                 size_t len)
{
	size_t name_at = strlen(namespace) + 1, text_at = name_at + strlen(name) + 1;
	struct objects_item *item = malloc(sizeof(*item) + text_at + len + 1);

	if (!item)
		return NULL;
	*item = (struct objects_item){
	        .is_seen = true, .name_at = name_at, .text_at = text_at, .len = len};
	memcpy(item->bytes, namespace, name_at);
	memcpy(item->bytes + name_at, name, text_at - name_at);
	memcpy(item->bytes + text_at, text, len);
	item->bytes[text_at + len] = '\0';
	return item;
}

/* Room for one more item of `size` bytes in `namespace`. */
static int make_room(struct objects *set, const char *namespace, size_t size)
{
	size_t first = place_of(set, namespace, ""), cap = set->cap ? set->cap * 2 : 64;
	struct objects_item **grown;

	if (set->count >= OBJECTS_MAX || size > OBJECTS_BYTES_MAX - set->bytes ||
	    end_of(set, first, namespace) - first >= OBJECTS_A_NAMESPACE)
		return -ENOSPC;
	if (set->count < set->cap)
		return 0;
	grown = realloc(set->items, cap * sizeof(struct objects_item *));
	if (!grown)
		return -ENOMEM;
	set->items = grown;
	set->cap = cap;
	return 0;
}

/* Takes `item`, also when there is no room. */
static int add(struct objects *set, size_t at, struct objects_item *item)
{
	int r = make_room(set, item->bytes, size_of(item));

	if (r < 0) {
		free(item);
		return r;
	}
	memmove(set->items + at + 1, set->items + at,
	        (set->count - at) * sizeof(struct objects_item *));
	set->items[at] = item;
	set->count++;
	set->bytes += size_of(item);
	return 0;
}

int objects_put(struct objects *set, const char *namespace, const char *name, const char *text,
                size_t len)
{
	struct objects_item *item = NULL;
	int r = -EFBIG;
	size_t at;

	if (len <= OBJECTS_TEXT_BYTES_MAX) {
		item = make(namespace, name, text, len);
		r = -ENOMEM;
	}
	pthread_rwlock_wrlock(&set->lock);
	at = place_of(set, namespace, name);
	/* What it was is not what it is. */
	if (is_at(set, at, namespace, name))
		drop(set, at);
	if (item)
		r = add(set, at, item);
	pthread_rwlock_unlock(&set->lock);
	return r;
}

void objects_delete(struct objects *set, const char *namespace, const char *name)
{
	size_t at;

	pthread_rwlock_wrlock(&set->lock);
	at = place_of(set, namespace, name);
	if (is_at(set, at, namespace, name))
		drop(set, at);
	pthread_rwlock_unlock(&set->lock);
}

void objects_begin_list(struct objects *set)
{
	pthread_rwlock_wrlock(&set->lock);
	for (size_t i = 0; i < set->count; i++)
		set->items[i]->is_seen = false;
	pthread_rwlock_unlock(&set->lock);
}

void objects_end_list(struct objects *set)
{
	size_t kept = 0;

	pthread_rwlock_wrlock(&set->lock);
	for (size_t i = 0; i < set->count; i++) {
		struct objects_item *item = set->items[i];

		if (item->is_seen) {
			set->items[kept++] = item;
		} else {
			set->bytes -= size_of(item);
			free(item);
		}
	}
	set->count = kept;
	set->is_listed = true;
	pthread_rwlock_unlock(&set->lock);
}

/* "[", the texts with commas between, "]". */
static char *join(const struct objects *set, size_t first, size_t end)
{
	size_t len = 2, used = 0;
	char *text;

	for (size_t i = first; i < end; i++)
		len += set->items[i]->len + 1;
	text = malloc(len);
	if (!text)
		return NULL;
	for (size_t i = first; i < end; i++) {
		const struct objects_item *item = set->items[i];

		text[used++] = i == first ? '[' : ',';
		memcpy(text + used, item->bytes + item->text_at, item->len);
		used += item->len;
	}
	text[used++] = ']';
	text[used] = '\0';
	return text;
}

char *objects_list(struct objects *set, const char *namespace)
{
	char *text = NULL;
	size_t first, end;

	pthread_rwlock_rdlock(&set->lock);
	first = place_of(set, namespace, "");
	end = end_of(set, first, namespace);
	if (end > first)
		text = join(set, first, end);
	pthread_rwlock_unlock(&set->lock);
	return text;
}

size_t objects_count(struct objects *set)
{
	size_t count;

	pthread_rwlock_rdlock(&set->lock);
	count = set->count;
	pthread_rwlock_unlock(&set->lock);
	return count;
}

bool objects_is_listed(struct objects *set)
{
	bool is_listed;

	pthread_rwlock_rdlock(&set->lock);
	is_listed = set->is_listed;
	pthread_rwlock_unlock(&set->lock);
	return is_listed;
}
