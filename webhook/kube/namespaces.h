/* namespaces.h - what each namespace says of injection, as far as it is known here.
 *
 * Owns     Its table, until namespaces_done().
 * Limits   NAMESPACES_MAX; more are not kept.
 * Threads  Any; one lock.
 */
#ifndef FARGUARD_KUBE_NAMESPACES_H
#define FARGUARD_KUBE_NAMESPACES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "webhook/kube/watch.h"

#define NAMESPACES_MAX 100000u

/* What farguard.io/inject of a namespace says, annotation over label. */
enum namespaces_inject {
	NAMESPACES_INJECT_NONE,
	NAMESPACES_INJECT_ENABLED,
	NAMESPACES_INJECT_DISABLED
};

/* What its farguard.io/pid1 says; a word that is not known is none. */
enum namespaces_pid1 {
	NAMESPACES_PID1_NONE,
	NAMESPACES_PID1_AUTO,
	NAMESPACES_PID1_FARGUARD,
	NAMESPACES_PID1_PROGRAM
};

struct namespaces_words {
	enum namespaces_inject inject;
	enum namespaces_pid1 pid1;
};

struct namespaces_entry {
	char name[WATCH_NAMESPACE_MAX];
	struct namespaces_words words;
	bool is_seen; /* in the list that is being read */
};

struct namespaces {
	pthread_rwlock_t lock;
	struct namespaces_entry *items; /* sorted by name */
	size_t count, cap;
	bool is_listed; /* a list was read to its end */
};

int namespaces_init(struct namespaces *set);
void namespaces_done(struct namespaces *set);

/* What the Namespace `object` says. */
struct namespaces_words namespaces_words_of(struct json_object *object);

/* The same of one namespace, as GET gives it.  Returns 0, or -EBADMSG when it is none. */
int namespaces_parse(const char *text, size_t len, struct namespaces_words *out);

/* Put or delete what `event` is about.  Returns 0, -EBADMSG (no name of a namespace), -ENOMEM or
 * -ENOSPC. */
int namespaces_apply(struct namespaces *set, const struct watch_event *event);

/* Around the events of a list: what it does not contain is forgotten at its end. */
void namespaces_begin_list(struct namespaces *set);
void namespaces_end_list(struct namespaces *set);

/* Returns true and what `name` says, or false when it is not known. */
bool namespaces_find(struct namespaces *set, const char *name, struct namespaces_words *out);

size_t namespaces_count(struct namespaces *set);
bool namespaces_is_listed(struct namespaces *set);

#endif
