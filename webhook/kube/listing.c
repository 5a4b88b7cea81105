#include "webhook/kube/listing.h"

#include <errno.h>
#include <string.h>

#include "injector/base/own.h"
#include "webhook/kube/json.h"

#define ITEMS "\"items\""

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Whether the array that begins now is the value of "items": the quote that opens a key has no
 * backslash before it. */
static bool is_items(const struct listing *listing)
{
	const char *text = listing->rest.bytes;
	size_t len = listing->rest.len, key = strlen(ITEMS);

	while (len && is_space(text[len - 1]))
		len--;
	if (len == 0 || text[--len] != ':')
		return false;
	while (len && is_space(text[len - 1]))
		len--;
	return len > key && memcmp(text + len - key, ITEMS, key) == 0 &&
	       text[len - key - 1] != '\\';
}

static int add_to_rest(struct listing *listing, char c)
{
	/* What is too long is kept by none, and no metadata of a list is so long. */
	if (listing->rest.len >= LISTING_REST_BYTES_MAX)
		return -EBADMSG;
	return watch_part_add(&listing->rest, &c, 1);
}

/* Follow strings and brackets; returns -EBADMSG where one is closed that was not opened. */
static int follow(struct listing *listing, char c)
{
	if (listing->is_string) {
		if (listing->is_escape)
			listing->is_escape = false;
		else if (c == '\\')
			listing->is_escape = true;
		else if (c == '"')
			listing->is_string = false;
		return 0;
	}
	switch (c) {
	case '"':
		listing->is_string = true;
		return 0;
	case '{':
	case '[':
		listing->depth++;
		return 0;
	case '}':
	case ']':
		return listing->depth-- ? 0 : -EBADMSG;
	default:
		return 0;
	}
}

static int step_outside(struct listing *listing, char c)
{
	bool begins = !listing->is_string && c == '[' && listing->depth == 1 && is_items(listing);
	int r = follow(listing, c);

	if (r == 0)
		r = add_to_rest(listing, c);
	if (r < 0 || !begins)
		return r;
	if (listing->is_seen)
		return -EBADMSG;
	listing->is_seen = true;
	listing->place = LISTING_FIRST;
	return 0;
}

/* Between two items. */
static int step_between(struct listing *listing, char c)
{
	if (is_space(c))
		return 0;
	if (c == '{' && listing->place != LISTING_BEHIND) {
		listing->place = LISTING_IN_AN_ITEM;
		listing->depth++;
		return watch_part_add(&listing->item, &c, 1);
	}
	if (c == ',' && listing->place == LISTING_BEHIND) {
		listing->place = LISTING_NEXT;
		return 0;
	}
	if (c == ']' && listing->place != LISTING_NEXT) {
		listing->place = LISTING_OUTSIDE;
		listing->depth--;
		return add_to_rest(listing, c);
	}
	return -EBADMSG;
}

static int take_item(struct listing *listing)
{
	CLEANUP(json_putp) struct json_object *object = NULL;
	struct watch_event event = {.kind = WATCH_PUT, .is_listed = true};
	int r;

	if (listing->item.skipped) {
		listing->skip_count++;
		return 0;
	}
	object = json_parse_all(listing->item.bytes, listing->item.len, WATCH_DEPTH_MAX);
	if (!object)
		return -EBADMSG;
	r = watch_read_object(object, &event);
	return r < 0 ? r : listing->on_event(listing->ctx, &event);
}

/* Take what of `bytes` belongs to the item; returns how much that is, or -errno. */
static long step_item(struct listing *listing, const char *bytes, size_t len)
{
	size_t used = 0;
	int r = 0;

	while (used < len && r == 0 && listing->depth > 2)
		r = follow(listing, bytes[used++]);
	if (r == 0)
		r = watch_part_add(&listing->item, bytes, used);
	if (r == 0 && listing->depth == 2) {
		r = take_item(listing);
		watch_part_next(&listing->item);
		listing->place = LISTING_BEHIND;
	}
	return r < 0 ? r : (long)used;
}

int listing_feed(struct listing *listing, const char *bytes, size_t len)
{
	while (len) {
		long used = 1;
		int r = 0;

		if (listing->place == LISTING_IN_AN_ITEM)
			used = step_item(listing, bytes, len);
		else if (listing->place == LISTING_OUTSIDE)
			r = step_outside(listing, *bytes);
		else
			r = step_between(listing, *bytes);
		if (used < 0 || r < 0)
			return used < 0 ? (int)used : r;
		bytes += used;
		len -= (size_t)used;
	}
	return 0;
}

int listing_end(struct listing *listing, char out_version[WATCH_VERSION_MAX], char *out_next,
                size_t next_cap)
{
	CLEANUP(json_putp)
	struct json_object *root =
	        json_parse_all(listing->rest.bytes, listing->rest.len, WATCH_DEPTH_MAX);
	struct json_object *metadata = json_member(root, "metadata");
	const char *next = json_member_string(metadata, "continue");

	/* An answer that is no list must not pass for one without objects. */
	if (!listing->is_seen || listing->place != LISTING_OUTSIDE ||
	    !json_object_is_type(json_member(root, "items"), json_type_array) ||
	    !watch_copy(out_version, WATCH_VERSION_MAX, json_member(metadata, "resourceVersion")))
		return -EBADMSG;
	*out_next = '\0';
	if (next && *next && !watch_copy(out_next, next_cap, json_member(metadata, "continue")))
		return -EBADMSG;
	return 0;
}

void listing_done(struct listing *listing)
{
	watch_part_done(&listing->item);
	watch_part_done(&listing->rest);
	listing->item.skipped = 0;
}
