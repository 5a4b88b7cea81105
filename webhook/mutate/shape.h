/* shape.h - whether a pod is shaped as the rest of this module relies on. */
#ifndef FARGUARD_MUTATE_SHAPE_H
#define FARGUARD_MUTATE_SHAPE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether everything that we read or change has the type that the API gives it; else `detail`
 * (`cap` bytes) says what is wrong. */
bool shape_check(struct json_object *pod, char *detail, size_t cap);

#endif
