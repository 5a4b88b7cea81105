/* json.h - read the API server's JSON: all of a text, bounded, and members by name. */
#ifndef FARGUARD_KUBE_JSON_H
#define FARGUARD_KUBE_JSON_H

#include <json-c/json.h>
#include <stddef.h>

/* CLEANUP for an object. */
void json_putp(struct json_object **object);

/* All of `text` as one value, at most `depth` levels; NULL when it is none.  Caller puts it. */
struct json_object *json_parse_all(const char *text, size_t len, int depth);

/* The member at `name`, or NULL; `object` may be NULL or no object. */
struct json_object *json_member(struct json_object *object, const char *name);

/* As json_member(), for a string; NULL when it is none. */
const char *json_member_string(struct json_object *object, const char *name);

#endif
