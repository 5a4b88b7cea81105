/* lines.h - a head to write lines with, and whether a line is one JSON text. */
#ifndef FARGUARD_TESTS_UNIT_INJECTOR_REPORT_LINES_H
#define FARGUARD_TESTS_UNIT_INJECTOR_REPORT_LINES_H

#include "injector/report/report.h"
#include "tests/harness.h"

/* What stands before a line's own fields when it is written with `head`. */
#define BEGIN(kind)                                                                                \
	"{\"schema\":1,\"seq\":7,\"time\":\"2023-11-14T22:13:20.000000042Z\",\"kind\":\"" kind     \
	"\",\"namespace\":\"shop\",\"pod\":\"web-0\",\"node\":\"n1\","                             \
	"\"workload\":\"StatefulSet/web\""
#define BEGIN_CONTAINER(kind) BEGIN(kind) ",\"container\":\"web\",\"image\":\"nginx:1\""

static const struct report_pod pod = {
        {"shop", 4}, {"web-0", 5}, {"n1", 2}, {"StatefulSet/web", 15}};
static const struct report_head of_agent = {.pod = &pod, .seq = 7, .time_ns = 1700000000000000042};
static const struct report_head of_web = {.pod = &pod,
                                          .seq = 7,
                                          .time_ns = 1700000000000000042,
                                          .container = {"web", 3},
                                          .image = {"nginx:1", 7}};
static char line[REPORT_LINE_MAX + 64];

/* The line as a string, without its newline. */
static inline const char *text_of(size_t len)
{
	assert_true(len > 1 && len <= REPORT_LINE_MAX);
	assert_int_equal(line[len - 1], '\n');
	assert_null(memchr(line, '\n', len - 1));
	line[len - 1] = '\0';
	return line;
}

/* Skip a string that begins at `p`; NULL when it is none: no raw control character, only JSON's own
 * escapes, well-formed UTF-8 as far as lead and continuation bytes tell. */
static inline const char *skip_string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	while (*p != '"') {
		unsigned char c = (unsigned char)*p++;
		unsigned more = c < 0x80 ? 0 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc2 ? 1 : 9;

		if (c < 0x20 || c == 0x7f || more == 9)
			return NULL;
		for (; more; more--)
			if (((unsigned char)*p++ & 0xc0) != 0x80)
				return NULL;
		if (c == '\\' && *p == 'u') {
			if (strspn(p + 1, "0123456789abcdef") < 4)
				return NULL;
			p += 5;
		} else if (c == '\\' && (!*p || !strchr("\"\\/bfnrt", *p++))) {
			return NULL;
		}
	}
	return p + 1;
}

/* Whether brackets, strings, commas and colons of `p` are one JSON object. */
static inline bool is_json(const char *p)
{
	char open[32];
	unsigned depth = 0;
	bool value = true; /* one may begin here */

	while (*p) {
		if (*p == '{' || *p == '[') {
			if (!value || depth == sizeof(open))
				return false;
			open[depth++] = *p++;
			continue;
		}
		if (*p == '}' || *p == ']') {
			if (!depth || open[--depth] != (*p == '}' ? '{' : '['))
				return false;
			p++;
			value = false;
			if (!depth)
				return !*p;
			continue;
		}
		if (*p == ',') {
			if (value)
				return false;
			value = true;
			p++;
			continue;
		}
		if (*p == '"') {
			if (!value || !(p = skip_string(p)))
				return false;
			value = *p == ':';
			p += value;
			continue;
		}
		if (!value || !strspn(p, "-0123456789.truefalse"))
			return false;
		p += strspn(p, "-0123456789.truefalse");
		value = false;
	}
	return false;
}

#endif
