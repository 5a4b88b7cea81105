#include "webhook/kube/namespaces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/own.h"
#include "webhook/kube/json.h"

#define INJECT_KEY "farguard.io/inject"
#define PID1_KEY   "farguard.io/pid1"

/* Which of `words`, which end with NULL, annotation or else label `key` is, from 1; 0 for none. */
static unsigned word_of(struct json_object *object, const char *key, const char *const *words)
{
	struct json_object *metadata = json_member(object, "metadata");
	const char *value = json_member_string(json_member(metadata, "annotations"), key);

	if (!value)
		value = json_member_string(json_member(metadata, "labels"), key);
	for (unsigned i = 0; value && words[i]; i++)
		if (strcmp(value, words[i]) == 0)
			return i + 1;
	return 0;
}

struct namespaces_words namespaces_words_of(struct json_object *object)
{
	static const char *const inject[] = {"enabled", "disabled", NULL};
	static const char *const pid1[] = {"auto", "farguard", "program", NULL};

	return (struct namespaces_words){
	        .inject = (enum namespaces_inject)word_of(object, INJECT_KEY, inject),
	        .pid1 = (enum namespaces_pid1)word_of(object, PID1_KEY, pid1)};
}

int namespaces_parse(const char *text, size_t len, struct namespaces_words *out)
{
	CLEANUP(json_putp)
	struct json_object *object = json_parse_all(text, len, WATCH_DEPTH_MAX);
	struct watch_event event = {0};
	int r = object ? watch_read_object(object, &event) : -EBADMSG;

	if (r == 0)
		*out = namespaces_words_of(object);
	return r;
}

int namespaces_init(struct namespaces *set)
{
	pthread_rwlockattr_t attr;
	int r = pthread_rwlockattr_init(&attr);

	*set = (struct namespaces){0};
	if (r)
		return -r;
	/* By default readers that overlap keep a writer out for as long as they come. */
	r = pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	if (r == 0)
		r = pthread_rwlock_init(&set->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	return -r;
}

void namespaces_done(struct namespaces *set)
{
	free(set->items);
	set->items = NULL;
	set->count = set->cap = 0;
	pthread_rwlock_destroy(&set->lock);
}

/* Where `name` is, or would be put. */
static size_t place_of(const struct namespaces *set, const char *name, bool *out_is_there)
{
	size_t low = 0, high = set->count;

	*out_is_there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(set->items[middle].name, name);

		if (order == 0) {
			*out_is_there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int make_room(struct namespaces *set)
{
	size_t cap = set->cap ? set->cap * 2 : 64;
	struct namespaces_entry *grown;

	if (set->count >= NAMESPACES_MAX)
		return -ENOSPC;
	if (set->count < set->cap)
		return 0;
	grown = realloc(set->items, cap * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	set->items = grown;
	set->cap = cap;
	return 0;
}

static int put(struct namespaces *set, const struct watch_event *event)
{
	bool is_there;
	size_t at = place_of(set, event->name, &is_there);

	if (!is_there) {
		int r = make_room(set);

		if (r < 0)
			return r;
		memmove(set->items + at + 1, set->items + at,
		        (set->count - at) * sizeof(*set->items));
		memcpy(set->items[at].name, event->name, strlen(event->name) + 1);
		set->count++;
	}
	set->items[at].words = namespaces_words_of(event->object);
	set->items[at].is_seen = true;
	return 0;
}

static void drop(struct namespaces *set, const char *name)
{
	bool is_there;
	size_t at = place_of(set, name, &is_there);

	if (!is_there)
		return;
	set->count--;
	memmove(set->items + at, set->items + at + 1, (set->count - at) * sizeof(*set->items));
}

int namespaces_apply(struct namespaces *set, const struct watch_event *event)
{
	int r = 0;

	if (strlen(event->name) >= sizeof(set->items->name))
		return -EBADMSG;
	pthread_rwlock_wrlock(&set->lock);
	if (event->kind == WATCH_PUT)
		r = put(set, event);
	else if (event->kind == WATCH_DELETE)
		drop(set, event->name);
	pthread_rwlock_unlock(&set->lock);
	return r;
}

void namespaces_begin_list(struct namespaces *set)
{
	pthread_rwlock_wrlock(&set->lock);
	for (size_t i = 0; i < set->count; i++)
		set->items[i].is_seen = false;
	pthread_rwlock_unlock(&set->lock);
}

void namespaces_end_list(struct namespaces *set)
{
	size_t kept = 0;

	pthread_rwlock_wrlock(&set->lock);
	for (size_t i = 0; i < set->count; i++)
		if (set->items[i].is_seen)
			set->items[kept++] = set->items[i];
	set->count = kept;
	set->is_listed = true;
	pthread_rwlock_unlock(&set->lock);
}

bool namespaces_find(struct namespaces *set, const char *name, struct namespaces_words *out)
{
	bool is_there;
	size_t at;

	pthread_rwlock_rdlock(&set->lock);
	at = place_of(set, name, &is_there);
	if (is_there)
		*out = set->items[at].words;
	pthread_rwlock_unlock(&set->lock);
	return is_there;
}

size_t namespaces_count(struct namespaces *set)
{
	size_t count;

	pthread_rwlock_rdlock(&set->lock);
	count = set->count;
	pthread_rwlock_unlock(&set->lock);
	return count;
}

bool namespaces_is_listed(struct namespaces *set)
{
	bool is_listed;

	pthread_rwlock_rdlock(&set->lock);
	is_listed = set->is_listed;
	pthread_rwlock_unlock(&set->lock);
	return is_listed;
}
