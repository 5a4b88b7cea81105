/* listing.h - a page of a list, as events, while it comes in.
 *
 * Why      A page of pods is megabytes, and several times that as a tree: each item is read when it
 *          is whole and then forgotten.
 * Owns     The item that is not complete yet and what stands around the items, until
 *          listing_done().
 * Limits   As watch.h for an item; LISTING_REST_BYTES_MAX for the rest of the page.
 * Threads  Pure.
 */
#ifndef FARGUARD_KUBE_LISTING_H
#define FARGUARD_KUBE_LISTING_H

#include "webhook/kube/watch.h"

#define LISTING_REST_BYTES_MAX 16384u

enum listing_place {
	LISTING_OUTSIDE, /* around the items */
	LISTING_FIRST,   /* an item, or the end of the items */
	LISTING_NEXT,    /* an item */
	LISTING_BEHIND,  /* a comma, or the end of the items */
	LISTING_IN_AN_ITEM
};

struct listing {
	watch_event_fn *on_event;
	void *ctx;
	struct watch_part item, rest;
	unsigned long long skip_count;
	enum listing_place place;
	bool is_seen; /* the items */
	bool is_string, is_escape;
	unsigned depth;
};

/* Take the next bytes of a page; each item is a WATCH_PUT.  Returns 0, -EBADMSG (no list), -EFBIG,
 * -ENOMEM, or what on_event said. */
int listing_feed(struct listing *listing, const char *bytes, size_t len);

/* After the last byte.  `out_version` is the list's, `out_next` the token of the next page, "" at
 * the end.  Returns 0, or -EBADMSG when it was no whole list, or its token takes `next_cap` bytes
 * or more: what on_event was told may not be all. */
int listing_end(struct listing *listing, char out_version[WATCH_VERSION_MAX], char *out_next,
                size_t next_cap);
void listing_done(struct listing *listing);

#endif
