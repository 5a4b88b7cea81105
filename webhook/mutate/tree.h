/* tree.h - read a pod's raw JSON without trusting it, and build new JSON without losing errors.
 *
 * Why      Any field of a pod that comes from a file may hold any type; a wrong type reads as
 *          absent here, and whoever must refuse it asks for the type first.
 * Owns     Nothing; what a getter returns is borrowed from the tree.
 * Errors   Building is sticky: after a failed allocation every call is a no-op and
 *          `failed` says so.
 */
#ifndef FARGUARD_MUTATE_TREE_H
#define FARGUARD_MUTATE_TREE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/* Nesting that recursive walks follow before they give up. */
#define TREE_DEPTH_MAX 128

/* Whether `object` is an object that has the member; then `*out` is it, NULL for null. */
bool tree_member(struct json_object *object, const char *key, struct json_object **out);

/* Member `key` when `object` is an object that has it; NULL otherwise and for null. */
struct json_object *tree_get(struct json_object *object, const char *key);

/* tree_get() when the member is of that type, NULL otherwise. */
struct json_object *tree_object(struct json_object *object, const char *key);
struct json_object *tree_list(struct json_object *object, const char *key);
const char *tree_string(struct json_object *object, const char *key);

/* Whether the member is the literal true. */
bool tree_true(struct json_object *object, const char *key);

/* Whether `object` has the member at all, null included. */
bool tree_has(struct json_object *object, const char *key);

/* Elements in `list`, 0 when it is no list. */
size_t tree_count(struct json_object *list);

/* Element `index` when it is an object, NULL otherwise. */
struct json_object *tree_at(struct json_object *list, size_t index);

/* Index of the first element whose member `key` is the string `value`, or -1. */
long tree_find(struct json_object *list, const char *key, const char *value);

/* Whether element `index` of `list` is the string `text`. */
bool tree_item_is(struct json_object *list, size_t index, const char *text);

/* Same values of the same types in the same order, numbers compared by their text. */
bool tree_equal(struct json_object *a, struct json_object *b, unsigned depth);

struct tree_build {
	bool failed;
};

struct json_object *tree_new_object(struct tree_build *build);
struct json_object *tree_new_list(struct tree_build *build);
struct json_object *tree_new_string(struct tree_build *build, const char *text);
struct json_object *tree_new_int(struct tree_build *build, int value);
struct json_object *tree_new_bool(struct tree_build *build, bool value);

/* Set `key`, a literal that outlives the tree, of `object`, or append to `list`.  Consumes
 * `value`; NULL means that it could not be made. */
void tree_put(struct tree_build *build, struct json_object *object, const char *key,
              struct json_object *value);
void tree_push(struct tree_build *build, struct json_object *list, struct json_object *value);

/* tree_put() under a key that is copied. */
void tree_put_copied(struct tree_build *build, struct json_object *object, const char *key,
                     struct json_object *value);

/* tree_put() of a string. */
void tree_put_string(struct tree_build *build, struct json_object *object, const char *key,
                     const char *text);

/* A list of the `count` strings in `items`. */
struct json_object *tree_new_strings(struct tree_build *build, const char *const *items,
                                     size_t count);

/* CLEANUP for a tree. */
void tree_putp(struct json_object **object);

#endif
