/* workload.h - the kinds of objects that have a pod in them, and where it stands. */
#ifndef FARGUARD_MANIFEST_WORKLOAD_H
#define FARGUARD_MANIFEST_WORKLOAD_H

#include <stdbool.h>

struct workload {
	const char *kind;
	const char *groups[3]; /* API groups that have it; "" is the core's; ends with NULL */
	const char *path[5];   /* keys from the object to the pod; ends with NULL */
	const char *pointer;   /* the same as a JSON Pointer */
};

/* The workload of that kind and apiVersion, or NULL.  An empty apiVersion fits all groups. */
const struct workload *workload_find(const char *kind, const char *api_version);

/* Whether the kind is a list: List, or that of a workload, as in PodList.  The kind of its items
 * is then in `*out_items`, NULL when each says its own. */
bool workload_is_list(const char *kind, const char *api_version, const struct workload **out_items);

#endif
