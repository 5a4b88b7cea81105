/* watch.h - the API server's list and watch answers about namespaces, as events.
 *
 * Why      A watch is one JSON object a line, in chunks that end anywhere.
 * Owns     The line that is not complete yet, until watch_done().
 * Limits   WATCH_LINE_BYTES_MAX a line, WATCH_DEPTH_MAX levels.
 * Threads  Pure.
 */
#ifndef FARGUARD_KUBE_WATCH_H
#define FARGUARD_KUBE_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#define WATCH_LINE_BYTES_MAX (4u << 20)
#define WATCH_DEPTH_MAX      32
#define WATCH_NAME_MAX       64 /* of a namespace, with its NUL: RFC 1123 label */
#define WATCH_VERSION_MAX    64

struct err;

/* What farguard.io/inject of a namespace says, annotation over label. */
enum watch_inject { WATCH_INJECT_NONE, WATCH_INJECT_ENABLED, WATCH_INJECT_DISABLED };

enum watch_kind { WATCH_PUT, WATCH_DELETE, WATCH_BOOKMARK, WATCH_ERROR };

struct watch_event {
	enum watch_kind kind;
	char name[WATCH_NAME_MAX];
	char version[WATCH_VERSION_MAX]; /* resourceVersion; "" when it has none */
	enum watch_inject inject;
	int code; /* of an ERROR: 410 asks for a new list */
};

/* A negative return ends the feeding with that error. */
typedef int watch_event_fn(void *ctx, const struct watch_event *event);

struct watch {
	watch_event_fn *on_event;
	void *ctx;
	char *line;
	size_t len, cap;
};

/* Take the next bytes of a watch.  Returns 0, -EBADMSG (no event of a namespace), -EFBIG, -ENOMEM,
 * or what on_event said. */
int watch_feed(struct watch *watch, const char *bytes, size_t len);
void watch_done(struct watch *watch);

/* One page of a list: each namespace as a WATCH_PUT.  `out_version` is the list's, `out_next` the
 * token of the next page, "" at the end.  Returns as watch_feed(); -EBADMSG also for a token that
 * takes `next_cap` bytes or more. */
int watch_parse_list(const char *text, size_t len, watch_event_fn *on_event, void *ctx,
                     char out_version[WATCH_VERSION_MAX], char *out_next, size_t next_cap);

/* One namespace, as GET gives it. */
int watch_parse_namespace(const char *text, size_t len, struct watch_event *out);

#endif
