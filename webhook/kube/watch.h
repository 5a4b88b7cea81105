/* watch.h - what the API server says of objects of one kind, as events.
 *
 * Why      A watch is one JSON object a line, in chunks that end anywhere.
 * Owns     The line that is not complete yet, until watch_done().
 * Limits   WATCH_LINE_BYTES_MAX an event, WATCH_DEPTH_MAX levels.  A longer one, as a user can make
 *          of a pod, is skipped and counted; the watch goes on, up to WATCH_SKIP_BYTES_MAX.
 * Threads  Pure.
 */
#ifndef FARGUARD_KUBE_WATCH_H
#define FARGUARD_KUBE_WATCH_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#define WATCH_LINE_BYTES_MAX (2u << 20)
#define WATCH_SKIP_BYTES_MAX (64u << 20)
#define WATCH_DEPTH_MAX      32
#define WATCH_NAME_MAX       254 /* with its NUL: RFC 1123 subdomain */
#define WATCH_NAMESPACE_MAX  64  /* with its NUL: RFC 1123 label */
#define WATCH_VERSION_MAX    64

enum watch_kind { WATCH_PUT, WATCH_DELETE, WATCH_BOOKMARK, WATCH_ERROR };

struct watch_event {
	enum watch_kind kind;
	bool is_listed; /* of a PUT: it comes from a list */
	bool is_new;    /* of a PUT: it comes from a watch, for the first time */
	char namespace[WATCH_NAMESPACE_MAX]; /* "" of what is in none */
	char name[WATCH_NAME_MAX];
	char version[WATCH_VERSION_MAX]; /* resourceVersion; "" when it has none */
	struct json_object *object;      /* of a PUT or DELETE; borrowed, for the call */
	int code;                        /* of an ERROR: 410 asks for a new list */
};

/* A negative return ends the feeding with that error. */
typedef int watch_event_fn(void *ctx, const struct watch_event *event);

/* Bytes up to an end that is not reached yet. */
struct watch_part {
	char *bytes;
	size_t len, cap;
	size_t skipped; /* of a part that is too long; then `bytes` holds nothing of it */
};

struct watch {
	watch_event_fn *on_event;
	void *ctx;
	struct watch_part line;
	unsigned long long skip_count;
};

/* Take the next bytes of a watch.  Returns 0, -EBADMSG (no event of an object), -EFBIG, -ENOMEM,
 * or what on_event said. */
int watch_feed(struct watch *watch, const char *bytes, size_t len);
void watch_done(struct watch *watch);

/* For listing.h: keep bytes, begin the next part, and say of an object who it is. */
int watch_part_add(struct watch_part *part, const char *bytes, size_t len);
void watch_part_next(struct watch_part *part);
void watch_part_done(struct watch_part *part);
int watch_read_object(struct json_object *object, struct watch_event *out);

/* Copy a string.  Returns false when `value` is none, empty, does not fit, or has a NUL inside. */
bool watch_copy(char *out, size_t cap, struct json_object *value);

#endif
