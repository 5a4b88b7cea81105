#include "webhook/admit/circuit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "webhook/admit/trouble.h"

/* How long a success is remembered; what fails later than that is newer anyway. */
#define STARTED_S 3600

struct circuit_entry {
	char name[CIRCUIT_NAME_MAX];
	int64_t started_s; /* the latest success */
	struct trouble *trouble;
};

int circuit_init(struct circuit *circuit, circuit_change_fn *on_change, void *ctx)
{
	*circuit = (struct circuit){.on_change = on_change, .ctx = ctx};
	return -pthread_mutex_init(&circuit->lock, NULL);
}

void circuit_done(struct circuit *circuit)
{
	for (size_t i = 0; i < circuit->count; i++)
		free(circuit->entries[i].trouble);
	free(circuit->entries);
	circuit->entries = NULL;
	circuit->count = circuit->cap = 0;
	pthread_mutex_destroy(&circuit->lock);
}

/* Where `name` is, or would be put. */
static size_t place_of(const struct circuit *circuit, const char *name)
{
	size_t low = 0, high = circuit->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(circuit->entries[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct circuit_entry *find(struct circuit *circuit, const char *name)
{
	size_t at = place_of(circuit, name);
	bool is_there = at < circuit->count && strcmp(circuit->entries[at].name, name) == 0;

	return is_there ? &circuit->entries[at] : NULL;
}

/* find(), made where it is missing; NULL without room. */
static struct circuit_entry *find_or_add(struct circuit *circuit, const char *name)
{
	struct circuit_entry *entry = find(circuit, name);
	size_t cap = circuit->cap ? circuit->cap * 2 : 32, at;

	if (entry || circuit->count >= CIRCUIT_NAMESPACES_MAX || strlen(name) >= CIRCUIT_NAME_MAX)
		return entry;
	if (circuit->count == circuit->cap) {
		entry = realloc(circuit->entries, cap * sizeof(*entry));
		if (!entry)
			return NULL;
		circuit->entries = entry;
		circuit->cap = cap;
	}
	at = place_of(circuit, name);
	entry = &circuit->entries[at];
	memmove(entry + 1, entry, (circuit->count - at) * sizeof(*entry));
	circuit->count++;
	*entry = (struct circuit_entry){0};
	memcpy(entry->name, name, strlen(name) + 1);
	return entry;
}

static struct trouble *trouble_of(struct circuit *circuit, struct circuit_entry *entry)
{
	struct trouble *made;

	if (entry->trouble)
		return entry->trouble;
	made = trouble_new();
	if (made)
		atomic_fetch_add(&circuit->troubled, 1);
	entry->trouble = made;
	return made;
}

static void end_trouble(struct circuit *circuit, struct circuit_entry *entry)
{
	if (!entry->trouble)
		return;
	free(entry->trouble);
	entry->trouble = NULL;
	atomic_fetch_sub(&circuit->troubled, 1);
}

/* Keep nothing of what came to nothing. */
static void tidy(struct circuit *circuit, struct circuit_entry *entry)
{
	const struct trouble *trouble = entry->trouble;

	if (trouble && trouble->state == STATE_CLOSED && !trouble->was_open && trouble->count == 0)
		end_trouble(circuit, entry);
}

static void change(struct circuit *circuit, struct circuit_entry *entry, enum state state)
{
	struct trouble *trouble = entry->trouble;
	bool was_open = trouble->state != STATE_CLOSED, is_open = state != STATE_CLOSED;

	trouble->state = state;
	trouble->was_open |= is_open;
	if (was_open != is_open)
		circuit->on_change(circuit->ctx, entry->name, is_open, trouble->why);
}

static void open_for(struct circuit *circuit, struct circuit_entry *entry, int64_t pause_s,
                     int64_t now_s)
{
	entry->trouble->pause_s = pause_s;
	entry->trouble->next_s = now_s + pause_s;
	change(circuit, entry, STATE_OPEN);
}

/* Whether something has failed for long enough that began at `from_s` or later, and nothing has
 * started since. */
static bool is_bad(const struct circuit_entry *entry, int64_t from_s, int64_t now_s)
{
	const struct trouble *trouble = entry->trouble;

	if (trouble->refused_s > entry->started_s && trouble->refused_s >= from_s)
		return true;
	for (size_t i = 0; i < trouble->count; i++) {
		int64_t since_s = trouble->failing[i].since_s;

		if (since_s > entry->started_s && since_s >= from_s &&
		    now_s - since_s >= CIRCUIT_FAILS_S)
			return true;
	}
	return false;
}

/* Let time and what was told since have their effect. */
static void settle(struct circuit *circuit, struct circuit_entry *entry, int64_t now_s)
{
	struct trouble *trouble = entry->trouble;
	int64_t from_s;

	if (!trouble)
		return;
	if (trouble->state == STATE_CLOSED) {
		if (is_bad(entry, 0, now_s))
			open_for(circuit, entry, CIRCUIT_PAUSE_S, now_s);
		return;
	}
	if (entry->started_s > trouble->bad_s) {
		change(circuit, entry, STATE_CLOSED);
		return;
	}
	/* The pod on trial may be another replica's. */
	from_s = trouble->state == STATE_TRIAL ? trouble->trial_s : trouble->next_s;
	if (is_bad(entry, from_s, now_s))
		open_for(circuit, entry,
		         trouble->pause_s * 2 < CIRCUIT_PAUSE_S_MAX ? trouble->pause_s * 2
		                                                    : CIRCUIT_PAUSE_S_MAX,
		         now_s);
	else if (trouble->state == STATE_TRIAL && now_s - trouble->trial_s >= CIRCUIT_TRIAL_S)
		trouble->state = STATE_OPEN; /* and next_s is past */
}

bool circuit_is_open(struct circuit *circuit, const char *namespace, int64_t now_s)
{
	struct circuit_entry *entry;
	bool is_open = false;

	if (atomic_load(&circuit->troubled) == 0)
		return false;
	pthread_mutex_lock(&circuit->lock);
	entry = find(circuit, namespace);
	if (entry && entry->trouble) {
		settle(circuit, entry, now_s);
		is_open = entry->trouble->state == STATE_TRIAL ||
		          (entry->trouble->state == STATE_OPEN && now_s < entry->trouble->next_s);
	}
	pthread_mutex_unlock(&circuit->lock);
	return is_open;
}

void circuit_injected(struct circuit *circuit, const char *namespace, int64_t now_s)
{
	struct circuit_entry *entry;

	if (atomic_load(&circuit->troubled) == 0)
		return;
	pthread_mutex_lock(&circuit->lock);
	entry = find(circuit, namespace);
	if (entry && entry->trouble && entry->trouble->state == STATE_OPEN &&
	    now_s >= entry->trouble->next_s) {
		entry->trouble->trial_s = now_s;
		change(circuit, entry, STATE_TRIAL);
	}
	pthread_mutex_unlock(&circuit->lock);
}

void circuit_image(struct circuit *circuit, const char *image)
{
	pthread_mutex_lock(&circuit->lock);
	if (strncmp(circuit->image, image, sizeof(circuit->image) - 1) != 0) {
		snprintf(circuit->image, sizeof(circuit->image), "%s", image);
		for (size_t i = 0; i < circuit->count; i++) {
			struct circuit_entry *entry = &circuit->entries[i];

			if (entry->trouble && entry->trouble->state != STATE_CLOSED)
				change(circuit, entry, STATE_CLOSED);
			end_trouble(circuit, entry);
		}
	}
	pthread_mutex_unlock(&circuit->lock);
}

static struct failing *failing_of(struct trouble *trouble, uint64_t id)
{
	for (size_t i = 0; trouble && i < trouble->count; i++)
		if (trouble->failing[i].id == id)
			return &trouble->failing[i];
	return NULL;
}

static void drop(struct trouble *trouble, struct failing *failing)
{
	*failing = trouble->failing[--trouble->count];
}

/* A place for one more: a free one, or that of one that says nothing any more. */
static struct failing *place_for(struct circuit_entry *entry)
{
	struct trouble *trouble = entry->trouble;

	if (trouble->count < CIRCUIT_FAILING_MAX)
		return &trouble->failing[trouble->count++];
	for (size_t i = 0; i < trouble->count; i++)
		if (trouble->failing[i].since_s <= entry->started_s)
			return &trouble->failing[i];
	return NULL;
}

void circuit_begin_list(struct circuit *circuit)
{
	pthread_mutex_lock(&circuit->lock);
	circuit->is_listing = true;
	for (size_t i = 0; i < circuit->count; i++) {
		struct trouble *trouble = circuit->entries[i].trouble;

		for (size_t j = 0; trouble && j < trouble->count; j++)
			trouble->failing[j].is_seen = false;
	}
	pthread_mutex_unlock(&circuit->lock);
}

void circuit_end_list(struct circuit *circuit, int64_t now_s)
{
	size_t kept = 0;

	pthread_mutex_lock(&circuit->lock);
	circuit->is_listing = false;
	for (size_t i = 0; i < circuit->count; i++) {
		struct circuit_entry *entry = &circuit->entries[i];
		struct trouble *trouble = entry->trouble;

		for (size_t j = trouble ? trouble->count : 0; j > 0; j--)
			if (!trouble->failing[j - 1].is_seen)
				drop(trouble, &trouble->failing[j - 1]);
		settle(circuit, entry, now_s);
		if (trouble && trouble->state == STATE_CLOSED && trouble->count == 0)
			end_trouble(circuit, entry);
		if (entry->trouble || now_s - entry->started_s < STARTED_S)
			circuit->entries[kept++] = *entry;
	}
	circuit->count = kept;
	pthread_mutex_unlock(&circuit->lock);
}

void circuit_started(struct circuit *circuit, const char *namespace, uint64_t id, int64_t at_s,
                     int64_t now_s)
{
	struct circuit_entry *entry;
	struct failing *failing;

	pthread_mutex_lock(&circuit->lock);
	entry = find_or_add(circuit, namespace);
	if (entry) {
		failing = failing_of(entry->trouble, id);
		/* It hung until now, whatever its node's clock says. */
		if (failing) {
			drop(entry->trouble, failing);
			at_s = now_s;
		}
		if (at_s > now_s)
			at_s = now_s;
		if (at_s > entry->started_s)
			entry->started_s = at_s;
		settle(circuit, entry, now_s);
		tidy(circuit, entry);
	}
	pthread_mutex_unlock(&circuit->lock);
}

/* Note that `id` fails; one that does already goes on since when it did. */
static void note_failing(struct circuit *circuit, struct circuit_entry *entry, uint64_t id,
                         int64_t at_s, const char *why, int64_t now_s)
{
	struct trouble *trouble = trouble_of(circuit, entry);
	struct failing *failing = failing_of(trouble, id);

	if (!trouble)
		return;
	if (!failing) {
		failing = place_for(entry);
		if (!failing)
			return;
		*failing = (struct failing){
		        .id = id, .since_s = circuit->is_listing || at_s > now_s ? at_s : now_s};
		if (failing->since_s > trouble->bad_s) {
			trouble->bad_s = failing->since_s;
			snprintf(trouble->why, sizeof(trouble->why), "%s", why);
		}
	}
	failing->is_seen = true;
	settle(circuit, entry, now_s);
}

void circuit_fails(struct circuit *circuit, const char *namespace, uint64_t id, int64_t at_s,
                   const char *why, int64_t now_s)
{
	struct circuit_entry *entry;

	pthread_mutex_lock(&circuit->lock);
	entry = find_or_add(circuit, namespace);
	if (entry)
		note_failing(circuit, entry, id, at_s, why, now_s);
	pthread_mutex_unlock(&circuit->lock);
}

void circuit_gone(struct circuit *circuit, const char *namespace, uint64_t id, int64_t now_s)
{
	struct circuit_entry *entry;
	struct failing *failing;

	if (atomic_load(&circuit->troubled) == 0)
		return;
	pthread_mutex_lock(&circuit->lock);
	entry = find(circuit, namespace);
	failing = entry ? failing_of(entry->trouble, id) : NULL;
	if (failing) {
		settle(circuit, entry, now_s);
		drop(entry->trouble, failing);
		tidy(circuit, entry);
	}
	pthread_mutex_unlock(&circuit->lock);
}

void circuit_refused(struct circuit *circuit, const char *namespace, int64_t at_s, const char *why,
                     int64_t now_s)
{
	struct circuit_entry *entry;
	struct trouble *trouble;

	if (at_s > now_s)
		at_s = now_s;
	/* A list tells of an hour. */
	if (now_s - at_s > CIRCUIT_PAUSE_S)
		return;
	pthread_mutex_lock(&circuit->lock);
	entry = find_or_add(circuit, namespace);
	trouble = entry ? trouble_of(circuit, entry) : NULL;
	if (trouble && at_s > trouble->refused_s) {
		trouble->refused_s = at_s;
		if (at_s > trouble->bad_s) {
			trouble->bad_s = at_s;
			snprintf(trouble->why, sizeof(trouble->why), "%s", why);
		}
		settle(circuit, entry, now_s);
	}
	pthread_mutex_unlock(&circuit->lock);
}

size_t circuit_list(struct circuit *circuit, int64_t now_s, struct circuit_row **out)
{
	size_t count = 0, room;

	*out = NULL;
	pthread_mutex_lock(&circuit->lock);
	room = atomic_load(&circuit->troubled);
	if (room)
		*out = malloc(room * sizeof(**out));
	for (size_t i = 0; *out && i < circuit->count && count < room; i++) {
		struct circuit_entry *entry = &circuit->entries[i];
		struct circuit_row *row = &(*out)[count];

		settle(circuit, entry, now_s);
		if (!entry->trouble || !entry->trouble->was_open)
			continue;
		memcpy(row->namespace, entry->name, sizeof(row->namespace));
		row->is_open = entry->trouble->state != STATE_CLOSED;
		count++;
	}
	pthread_mutex_unlock(&circuit->lock);
	return count;
}
