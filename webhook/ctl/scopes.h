/* scopes.h - the cluster's namespaces, and what each says that bears on an injection.
 *
 * Owns     Its table, until scopes_done().
 */
#ifndef FARGUARD_CTL_SCOPES_H
#define FARGUARD_CTL_SCOPES_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

struct err;
struct http;

struct scope {
	char *name;
	const char *inject;                        /* "enabled", "disabled" or NULL */
	const char *pid1;                          /* a word of farguard.io/pid1 or NULL */
	bool is_asked;                             /* the next two are what the cluster said */
	struct json_object *limit_ranges, *quotas; /* for struct mutate_context; NULL: none */
};

struct scopes {
	struct scope *items; /* sorted by name */
	size_t count;
};

/* Read the namespace `only`, or all for NULL.  Returns 0 or -errno as api_get(). */
int scopes_read(struct scopes *scopes, struct http *http, const char *only, struct err *err);
void scopes_done(struct scopes *scopes);

/* Take each namespace as if it said `inject` and `pid1`, "" for nothing, NULL for what it says;
 * borrowed. */
void scopes_suppose(struct scopes *scopes, const char *inject, const char *pid1);

/* The namespace `name`, or NULL. */
struct scope *scopes_find(const struct scopes *scopes, const char *name);

/* Ask for LimitRanges and ResourceQuotas, once.  Returns 0 or -errno as api_get(). */
int scope_ask(struct scope *scope, struct http *http, struct err *err);

#endif
