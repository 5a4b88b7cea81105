#include "webhook/registry/glob.h"

/* One byte of a set's range; moves on. */
static bool cut_byte(struct str *pattern, unsigned char *out)
{
	if (pattern->len > 0 && pattern->ptr[0] == '\\') {
		pattern->ptr++;
		pattern->len--;
	} else if (pattern->len > 0 && (pattern->ptr[0] == '-' || pattern->ptr[0] == ']')) {
		return false;
	}
	if (pattern->len == 0)
		return false;
	*out = (unsigned char)pattern->ptr[0];
	pattern->ptr++;
	pattern->len--;
	return true;
}

/* The set after its '['; moves behind the ']'.  Returns 1, 0, or -1 when it is none. */
static int match_set(struct str *pattern, unsigned char c)
{
	bool is_negated = pattern->len > 0 && pattern->ptr[0] == '^', found = false;
	bool is_first = true;

	pattern->ptr += is_negated;
	pattern->len -= is_negated;
	for (; pattern->len > 0 && (is_first || pattern->ptr[0] != ']'); is_first = false) {
		unsigned char low, high;

		if (!cut_byte(pattern, &low))
			return -1;
		high = low;
		if (pattern->len > 0 && pattern->ptr[0] == '-') {
			pattern->ptr++;
			pattern->len--;
			if (!cut_byte(pattern, &high))
				return -1;
		}
		found |= low <= c && c <= high;
	}
	if (pattern->len == 0)
		return -1;
	pattern->ptr++;
	pattern->len--;
	return found != is_negated;
}

/* One byte against what `pattern` begins with, no '*'; moves behind that. */
static bool match_byte(struct str *pattern, unsigned char c)
{
	char head = pattern->ptr[0];

	pattern->ptr++;
	pattern->len--;
	if (head == '?')
		return true;
	if (head == '[')
		return match_set(pattern, c) == 1;
	if (head == '\\') {
		if (pattern->len == 0)
			return false;
		head = pattern->ptr[0];
		pattern->ptr++;
		pattern->len--;
	}
	return (unsigned char)head == c;
}

bool glob_match(struct str pattern, struct str text)
{
	struct str star = {NULL, 0}, again = {NULL, 0}; /* where to go back to */

	while (text.len > 0) {
		struct str next = pattern;

		if (next.len > 0 && next.ptr[0] == '*') {
			pattern = (struct str){next.ptr + 1, next.len - 1};
			star = pattern;
			again = text;
			continue;
		}
		if (next.len > 0 && match_byte(&next, (unsigned char)text.ptr[0])) {
			pattern = next;
			text = (struct str){text.ptr + 1, text.len - 1};
			continue;
		}
		/* The last star takes one byte more; those before it need not be tried again. */
		if (!star.ptr)
			return false;
		pattern = star;
		again = (struct str){again.ptr + 1, again.len - 1};
		text = again;
	}
	while (pattern.len > 0 && pattern.ptr[0] == '*')
		pattern = (struct str){pattern.ptr + 1, pattern.len - 1};
	return pattern.len == 0;
}
