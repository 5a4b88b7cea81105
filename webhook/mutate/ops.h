/* ops.h - collect the operations of a patch.
 *
 * Why      They are applied, checked and written as text: only a caller who asks for JSON gets it.
 * Owns     The operations and the lists of parents that were made for them.
 * Errors   Sticky, in `build`: check it once, at the end.
 */
#ifndef FARGUARD_MUTATE_OPS_H
#define FARGUARD_MUTATE_OPS_H

#include "webhook/mutate/tree.h"
#include "webhook/mutate/writer.h"

#define OPS_POINTER_MAX 512

struct op {
	const char *name; /* "add", "replace" or "remove" */
	bool has_value;
	struct json_object *value; /* NULL is null */
	char path[OPS_POINTER_MAX];
};

struct ops {
	struct tree_build build;
	struct op *list;
	size_t count, cap;
	struct json_object *created; /* pointers of parents that were not there ... */
	struct json_object *nulls;   /* ... or were null */
};

void ops_init(struct ops *ops);
void ops_done(struct ops *ops);

/* Append an operation `name`, a literal; consumes `value`, which could not be made when NULL. */
void ops_put(struct ops *ops, const char *name, const char *path, struct json_object *value);

/* {"op":"replace","path","value":null}. */
void ops_put_null(struct ops *ops, const char *path);

/* {"op":"remove","path"}. */
void ops_remove(struct ops *ops, const char *path);

/* Make sure that `object`, which stands at `pointer`, has a list or object `key`: adds an empty one
 * where it is missing or null, and remembers that. */
void ops_parent(struct ops *ops, struct json_object *object, const char *pointer, const char *key,
                enum json_type type);

/* Append the elements of `items` to list `key` of `object`, which stands at `pointer`; a list that
 * is missing or null is made, and remembered as "`made`/key".  Nothing for no items.  Consumes
 * `items`. */
void ops_append(struct ops *ops, struct json_object *object, const char *pointer, const char *made,
                const char *key, struct json_object *items);

/* Write "A/B" into `out`; an overflow fails the build. */
const char *ops_join(struct ops *ops, char out[OPS_POINTER_MAX], const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

/* The patch as RFC 6902 has it, for json_object_put(); NULL without memory. */
struct json_object *ops_json(const struct ops *ops);

/* The same as text. */
void ops_format(const struct ops *ops, struct writer *out);

#endif
