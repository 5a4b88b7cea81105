/* pages.h - a list of the API server, page by page, however long it is.
 *
 * Why      A cluster's pods are more than one answer; a token that grew too old (410) means that
 *          the list has to be read anew, from its start.
 * Owns     Nothing; an item is the callee's for the time of the call.
 * Limits   PAGES_ITEMS items a page, PAGES_MAX pages, PAGES_TRIES tries of the list; of a page,
 * where the server is busy, PAGES_ASKS with a pause between them; PAGES_TIMEOUT_MS a page, less
 *          when nothing comes for PAGES_IDLE_S.
 * Errors   Those of api_get(); -ESTALE when each try was overtaken; -E2BIG; what on_item said.
 */
#ifndef FARGUARD_KUBE_PAGES_H
#define FARGUARD_KUBE_PAGES_H

#include <json-c/json.h>

#define PAGES_ITEMS 250
#define PAGES_MAX   20000
#define PAGES_TRIES 5
#define PAGES_ASKS  4

#define PAGES_TIMEOUT_MS 120000L
#define PAGES_IDLE_S     15L

struct err;
struct http;

struct pages {
	const char *path; /* of the list, without a query */
	/* A negative return ends the reading with that error, and with the words that stand in
	 * `err` for it, if any. */
	int (*on_item)(void *ctx, struct json_object *item);
	/* Forget all items: the list begins anew. */
	void (*on_restart)(void *ctx);
	void *ctx;
};

int pages_read(struct http *http, const struct pages *pages, struct err *err);

/* Write the query of the page behind `token` ("" for the first) to `out`; -ENAMETOOLONG when it
 * does not fit. */
int pages_query(const char *token, char *out, size_t cap);

#endif
