/* bounds.h - what a namespace's LimitRanges ask of each container and of a pod.
 *
 * Why      The API server refuses a pod whose containers do not fit, and it would be ours that do
 *          not (plugin/pkg/admission/limitranger): several LimitRanges all hold.
 * Owns     Nothing: names and texts point into the LimitRanges.
 * Limits   BOUNDS_MAX resources a type.
 */
#ifndef FARGUARD_MUTATE_BOUNDS_H
#define FARGUARD_MUTATE_BOUNDS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#define BOUNDS_MAX 8

/* A quantity, and how it was written. */
struct bound {
	double value;
	struct json_object *as; /* NULL: there is no such bound */
};

struct bounds_item {
	const char *name; /* "cpu" */
	struct bound min, max, ratio, default_limit;
};

struct bounds {
	struct bounds_item items[BOUNDS_MAX];
	size_t count;
	bool overflows; /* more resources than are kept */
};

/* The strictest of all items of `type` ("Container" or "Pod") in `limit_ranges`, an array of specs
 * or NULL. */
void bounds_read(struct json_object *limit_ranges, const char *type, struct bounds *out);

#endif
