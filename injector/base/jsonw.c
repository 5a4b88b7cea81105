#include "injector/base/jsonw.h"

#include <assert.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

void jsonw_init(struct jsonw *w, char *buf, size_t cap)
{
	*w = (struct jsonw){.buf = buf, .cap = cap};
}

static void put(struct jsonw *w, const char *bytes, size_t len)
{
	if (w->failed || len > w->cap - w->len) {
		w->failed = true;
		return;
	}
	if (len)
		memcpy(w->buf + w->len, bytes, len);
	w->len += len;
}

/* Length of the well-formed UTF-8 sequence at `p` (RFC 3629: no surrogates, no overlong forms),
 * else 0. */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	size_t len = p[0] < 0x80   ? 1
	             : p[0] < 0xc2 ? 0
	             : p[0] < 0xe0 ? 2
	             : p[0] < 0xf0 ? 3
	             : p[0] < 0xf5 ? 4
	                           : 0;

	if (len == 0 || len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
		return 0;
	return len;
}

/* The next character of `s` as it stands in JSON: its text in `out`, `*used` bytes of `s` consumed.
 */
static size_t escape(struct str s, char out[8], size_t *used)
{
	static const char hex[] = "0123456789abcdef";
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	unsigned char c = (unsigned char)s.ptr[0];
	const char *hit = c ? memchr(from, c, sizeof(from) - 1) : NULL;

	*used = 1;
	if (hit) {
		out[0] = '\\';
		out[1] = to[hit - from];
		return 2;
	}
	if (c < 0x20 || c == 0x7f) {
		memcpy(out, "\\u00", 4);
		out[4] = hex[c >> 4];
		out[5] = hex[c & 15];
		return 6;
	}
	*used = utf8_len((const unsigned char *)s.ptr, s.len);
	if (*used == 0) {
		*used = 1;
		memcpy(out, REPLACEMENT, 3);
		return 3;
	}
	memcpy(out, s.ptr, *used);
	return *used;
}

static bool put_string(struct jsonw *w, struct str value, size_t escaped_max)
{
	size_t total = 0;
	bool whole = true;

	put(w, "\"", 1);
	while (value.len && !w->failed) {
		char out[8];
		size_t used, len;

		len = escape(value, out, &used);
		if (len > escaped_max - total) {
			whole = false;
			break;
		}
		put(w, out, len);
		total += len;
		value = (struct str){value.ptr + used, value.len - used};
	}
	put(w, "\"", 1);
	return whole;
}

static void begin(struct jsonw *w, const char *key)
{
	if (w->comma[w->depth])
		put(w, ",", 1);
	w->comma[w->depth] = true;
	if (!key)
		return;
	put_string(w, (struct str){key, strlen(key)}, SIZE_MAX);
	put(w, ":", 1);
}

static void open_level(struct jsonw *w, const char *key, const char *bracket)
{
	begin(w, key);
	put(w, bracket, 1);
	if (w->depth + 1 == JSONW_DEPTH_MAX) {
		w->failed = true;
		return;
	}
	w->comma[++w->depth] = false;
}

static void close_level(struct jsonw *w, const char *bracket)
{
	assert(w->depth > 0 || w->failed);
	if (w->depth > 0)
		w->depth--;
	put(w, bracket, 1);
}

void jsonw_object(struct jsonw *w, const char *key)
{
	open_level(w, key, "{");
}

void jsonw_array(struct jsonw *w, const char *key)
{
	open_level(w, key, "[");
}

void jsonw_end_object(struct jsonw *w)
{
	close_level(w, "}");
}

void jsonw_end_array(struct jsonw *w)
{
	close_level(w, "]");
}

void jsonw_str(struct jsonw *w, const char *key, struct str value)
{
	begin(w, key);
	put_string(w, value, SIZE_MAX);
}

void jsonw_cstr(struct jsonw *w, const char *key, const char *value)
{
	jsonw_str(w, key, (struct str){value, strlen(value)});
}

bool jsonw_str_cut(struct jsonw *w, const char *key, struct str value, size_t escaped_max)
{
	begin(w, key);
	return put_string(w, value, escaped_max);
}

static void put_digits(struct jsonw *w, uint64_t value)
{
	char digits[20];
	size_t n = sizeof(digits);

	do
		digits[--n] = (char)('0' + value % 10);
	while ((value /= 10) != 0);
	put(w, digits + n, sizeof(digits) - n);
}

void jsonw_uint(struct jsonw *w, const char *key, uint64_t value)
{
	begin(w, key);
	put_digits(w, value);
}

void jsonw_int(struct jsonw *w, const char *key, int64_t value)
{
	begin(w, key);
	if (value < 0)
		put(w, "-", 1);
	put_digits(w, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void jsonw_bool(struct jsonw *w, const char *key, bool value)
{
	begin(w, key);
	put(w, value ? "true" : "false", value ? 4 : 5);
}

void jsonw_milli(struct jsonw *w, const char *key, uint64_t value_ms)
{
	char fraction[4] = {'.', (char)('0' + value_ms / 100 % 10),
	                    (char)('0' + value_ms / 10 % 10), (char)('0' + value_ms % 10)};

	begin(w, key);
	put_digits(w, value_ms / 1000);
	put(w, fraction, sizeof(fraction));
}

size_t jsonw_finish(const struct jsonw *w)
{
	return w->failed || w->depth ? 0 : w->len;
}
