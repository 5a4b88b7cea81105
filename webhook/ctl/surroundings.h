/* surroundings.h - what the input itself says about the namespaces of its workloads.
 *
 * Why      A folder of manifests often has the Namespace, the LimitRange and the ResourceQuota
 *          beside the workloads; in the cluster the webhook weighs them in.
 * Owns     What it gives, until surroundings_done().
 */
#ifndef FARGUARD_CTL_SURROUNDINGS_H
#define FARGUARD_CTL_SURROUNDINGS_H

#include <json-c/json.h>
#include <stdbool.h>

struct err;
struct input;
struct options;

struct surroundings {
	/* By the namespace's name: {"inject","from"}, arrays of LimitRange specs, and arrays of
	 * {"hard","used","scopes","scopeSelector"}. */
	struct json_object *namespaces, *limit_ranges, *quotas;
};

/* Read the documents of all files; where a document names no namespace, `options` does.  Returns 0
 * or -errno with the first failure in `err`; surroundings_done() either way. */
int surroundings_read(struct surroundings *s, const struct options *options,
                      const struct input *input, struct err *err);
void surroundings_done(struct surroundings *s);

/* Whether a Namespace document of that name was there; `*out_inject` is then what it says about
 * farguard.io/inject, "" for nothing, and `*out_from` where it stands, "FILE:LINE". */
bool surroundings_namespace(const struct surroundings *s, const char *name, const char **out_inject,
                            const char **out_from);

/* Its farguard.io/pid1: "" when its document says nothing, NULL without one. */
const char *surroundings_pid1(const struct surroundings *s, const char *name);

/* The array for struct mutate_context, borrowed; NULL for none. */
struct json_object *surroundings_limit_ranges(const struct surroundings *s, const char *name);
struct json_object *surroundings_quotas(const struct surroundings *s, const char *name);

#endif
