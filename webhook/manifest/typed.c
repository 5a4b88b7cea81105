#include "webhook/manifest/typed.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* A number's digits without underscores; longer ones are text, as nothing can hold them. */
#define NUMBER_BYTES_MAX 512

struct word {
	const char *text, *meaning;
};

static const struct word booleans[] = {
        {"y", "true"},      {"Y", "true"},      {"yes", "true"},    {"Yes", "true"},
        {"YES", "true"},    {"true", "true"},   {"True", "true"},   {"TRUE", "true"},
        {"on", "true"},     {"On", "true"},     {"ON", "true"},     {"n", "false"},
        {"N", "false"},     {"no", "false"},    {"No", "false"},    {"NO", "false"},
        {"false", "false"}, {"False", "false"}, {"FALSE", "false"}, {"off", "false"},
        {"Off", "false"},   {"OFF", "false"},
};
static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
static const char *const unbounded[] = {".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",  ".INF",
                                        "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static bool is_one_of(struct str text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(text, (struct str){words[i], strlen(words[i])}))
			return true;
	return false;
}

static const char *find_boolean(struct str text)
{
	for (size_t i = 0; i < COUNT(booleans); i++)
		if (str_eq(text, (struct str){booleans[i].text, strlen(booleans[i].text)}))
			return booleans[i].meaning;
	return NULL;
}

static const char *skip_digits(const char *p)
{
	while (isdigit((unsigned char)*p))
		p++;
	return p;
}

/* go-yaml: [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool is_float(const char *p)
{
	const char *start;

	p += *p == '-' || *p == '+';
	start = p;
	p = skip_digits(p);
	if (p == start && (*p != '.' || !isdigit((unsigned char)p[1])))
		return false;
	if (*p == '.')
		p = skip_digits(p + 1);
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '-' || *p == '+';
		if (!isdigit((unsigned char)*p))
			return false;
		p = skip_digits(p);
	}
	return *p == '\0';
}

bool typed_is_json_number(struct str text)
{
	const char *p = text.ptr, *start;

	if (strlen(p) != text.len)
		return false;
	p += *p == '-';
	start = p;
	p = skip_digits(p);
	if (p == start || (*start == '0' && p > start + 1))
		return false;
	if (*p == '.') {
		start = p + 1;
		p = skip_digits(start);
		if (p == start)
			return false;
	}
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '-' || *p == '+';
		start = p;
		p = skip_digits(p);
		if (p == start)
			return false;
	}
	return *p == '\0';
}

/* Go's strconv.ParseInt and ParseUint with base 0: 0x, 0o, 0b and a leading 0 for octal.
 * Returns 0, -EINVAL, or -ERANGE when it has the form but not the size. */
static int parse_integer(const char *text, bool *negative, uint64_t *out)
{
	const char *p = text;
	char *end;
	int base = 10;

	*negative = *p == '-';
	p += *p == '-' || *p == '+';
	if (*p == '0' && p[1]) {
		int c = tolower((unsigned char)p[1]);

		base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
		p += c == 'x' || c == 'b' || c == 'o' ? 2 : 1;
	}
	if (!isxdigit((unsigned char)*p) || (base == 16 && tolower((unsigned char)p[1]) == 'x'))
		return -EINVAL;
	errno = 0;
	*out = strtoull(p, &end, base);
	if (*end || end == p)
		return -EINVAL;
	if (errno || (*negative && *out > (uint64_t)INT64_MAX + 1) ||
	    (text[0] == '+' && *out > INT64_MAX))
		return -ERANGE;
	return 0;
}

/* The shortest spelling that reads back as `value`. */
static void format_double(double value, char *out, size_t cap)
{
	for (int digits = 6; digits <= 17; digits++) {
		snprintf(out, cap, "%.*g", digits, value);
		if (strtod(out, NULL) == value)
			return;
	}
}

/* Returns false when it is no number, or one that no JSON can say. */
static bool format_number(struct str text, char *out, size_t cap)
{
	char plain[NUMBER_BYTES_MAX];
	bool negative;
	uint64_t value;
	double real;
	size_t len = 0;
	int r;

	if (!text.len || text.len >= sizeof(plain) || memchr(text.ptr, '\0', text.len))
		return false;
	if (!isdigit((unsigned char)text.ptr[0]) && !strchr("+-.", text.ptr[0]))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] != '_')
			plain[len++] = text.ptr[i];
	plain[len] = '\0';
	r = text.ptr[0] == '.' ? -EINVAL : parse_integer(plain, &negative, &value);
	if (r == 0) {
		snprintf(out, cap, "%s%" PRIu64, negative && value ? "-" : "", value);
	} else {
		if (!is_float(plain))
			return false;
		real = strtod(plain, NULL);
		if (!isfinite(real)) /* Go's ParseFloat fails: it stays text */
			return false;
		format_double(real, out, cap);
	}
	if (typed_is_json_number((struct str){plain, len}) && len == text.len && len < cap)
		memcpy(out, plain, len + 1);
	return true;
}

/* yaml.v2 reads base64 in any line lengths; so does this. */
static bool decode_base64(struct arena *arena, struct str text, struct str *out)
{
	static const char digits[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *bytes = arena_take(arena, text.len / 4 * 3 + 4);
	uint32_t bits = 0;
	size_t len = 0, count = 0, pads = 0;

	if (!bytes)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		const char *digit = text.ptr[i] ? strchr(digits, text.ptr[i]) : NULL;

		if (text.ptr[i] == '\n' || text.ptr[i] == '\r')
			continue;
		if (text.ptr[i] == '=' && count % 4 >= 2) {
			pads++;
			continue;
		}
		if (!digit || pads)
			return false;
		bits = bits << 6 | (uint32_t)(digit - digits);
		if (++count % 4 == 0) {
			bytes[len++] = (char)(bits >> 16);
			bytes[len++] = (char)(bits >> 8);
			bytes[len++] = (char)bits;
		}
	}
	if ((count + pads) % 4 != 0 || pads > 2)
		return false;
	if (count % 4 >= 2)
		bytes[len++] = (char)(bits >> (count % 4 == 3 ? 10 : 4));
	if (count % 4 == 3)
		bytes[len++] = (char)(bits >> 2);
	*out = (struct str){bytes, len};
	return true;
}

static const char *resolve_binary(struct arena *arena, struct node *node)
{
	if (!decode_base64(arena, node->text, &node->meaning))
		return "!!binary is no base64";
	for (size_t i = 0; i < node->meaning.len; i++)
		if ((unsigned char)node->meaning.ptr[i] >= 0x80)
			return "!!binary is no ASCII text, and JSON has no bytes";
	return NULL;
}

/* Type and meaning by the text alone. */
static const char *resolve_text(struct arena *arena, struct node *node)
{
	char number[NUMBER_BYTES_MAX];
	const char *meaning = find_boolean(node->text);

	if (meaning) {
		node->type = NODE_BOOL;
		node->meaning = (struct str){meaning, strlen(meaning)};
	} else if (is_one_of(node->text, nulls, COUNT(nulls))) {
		node->type = NODE_NULL;
		node->meaning = STR("null");
	} else if (is_one_of(node->text, unbounded, COUNT(unbounded))) {
		return "JSON has no such number";
	} else if (format_number(node->text, number, sizeof(number))) {
		node->type = NODE_NUMBER;
		node->meaning = arena_copy(arena, (struct str){number, strlen(number)});
	}
	return NULL;
}

const char *typed_resolve(struct arena *arena, struct node *node, bool implicit)
{
	static const struct {
		const char *tag;
		enum node_type type;
		const char *wrong;
	} tags[] = {
	        {YAML_NULL_TAG, NODE_NULL, "!!null is no null"},
	        {YAML_BOOL_TAG, NODE_BOOL, "!!bool is no boolean"},
	        {YAML_INT_TAG, NODE_NUMBER, "!!int is no number"},
	        {YAML_FLOAT_TAG, NODE_NUMBER, "!!float is no number"},
	};
	const char *wrong;

	node->type = NODE_STRING;
	node->meaning = node->text;
	if (implicit)
		return resolve_text(arena, node);
	if (node->tag && strcmp(node->tag, "tag:yaml.org,2002:binary") == 0)
		return resolve_binary(arena, node);
	for (size_t i = 0; node->tag && i < COUNT(tags); i++) {
		if (strcmp(node->tag, tags[i].tag) != 0)
			continue;
		wrong = resolve_text(arena, node);
		if (wrong)
			return wrong;
		if (node->type != tags[i].type)
			return tags[i].wrong;
		if (i == 2 && strpbrk(node->meaning.ptr, ".eE"))
			return "!!int is no integer";
	}
	return NULL;
}

bool typed_is_ambiguous(struct str text)
{
	char number[NUMBER_BYTES_MAX];

	if (find_boolean(text) || is_one_of(text, nulls, COUNT(nulls)) ||
	    is_one_of(text, unbounded, COUNT(unbounded)) || str_eq(text, STR("<<")) ||
	    str_eq(text, STR("=")))
		return true;
	if (format_number(text, number, sizeof(number)))
		return true;
	/* Base 60 and dates are numbers and times to other readers of YAML 1.1. */
	return (isdigit((unsigned char)text.ptr[0]) || strchr("+-.", text.ptr[0])) &&
	       strspn(text.ptr, "0123456789:._+-eETtZz ") == text.len;
}
