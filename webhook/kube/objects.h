/* objects.h - small JSON texts, by namespace and name: what is kept of LimitRanges and quotas.
 *
 * Why      A review needs what its namespace has of them and cannot wait for the API server.  They
 *          are kept as text because json-c's reference counts are not for several threads.
 * Owns     Its texts, until objects_done().
 * Limits   OBJECTS_TEXT_BYTES_MAX a text; OBJECTS_A_NAMESPACE, so that nobody who may make them in
 *          one namespace takes the room of the others; OBJECTS_MAX and OBJECTS_BYTES_MAX in all.
 *          What does not fit is not kept, and an older text of the same name neither.
 * Threads  Any; one lock.
 */
#ifndef FARGUARD_KUBE_OBJECTS_H
#define FARGUARD_KUBE_OBJECTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define OBJECTS_TEXT_BYTES_MAX (32u << 10)
#define OBJECTS_A_NAMESPACE    32u
#define OBJECTS_MAX            50000u
#define OBJECTS_BYTES_MAX      (16u << 20)

struct objects_item;

struct objects {
	pthread_rwlock_t lock;
	struct objects_item **items; /* sorted by namespace, then by name */
	size_t count, cap, bytes;
	bool is_listed; /* a list was read to its end */
};

int objects_init(struct objects *set);
void objects_done(struct objects *set);

/* Keep `len` bytes of `text`, a JSON value.  Returns 0, -ENOMEM, -ENOSPC or -EFBIG. */
int objects_put(struct objects *set, const char *namespace, const char *name, const char *text,
                size_t len);
void objects_delete(struct objects *set, const char *namespace, const char *name);

/* Around the puts of a list: what it does not contain is forgotten at its end. */
void objects_begin_list(struct objects *set);
void objects_end_list(struct objects *set);

/* Nothing is known any more. */
void objects_forget(struct objects *set);

/* The texts of `namespace` as a JSON array, malloc'ed; NULL when there is none, or no memory. */
char *objects_list(struct objects *set, const char *namespace);

size_t objects_count(struct objects *set);
bool objects_is_listed(struct objects *set);

#endif
