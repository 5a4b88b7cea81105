#include "webhook/mutate/uid.h"

#include <string.h>

#include "injector/base/str.h"

/* The string that starts behind the quote at text[*at - 1]; `*at` moves behind its end. */
static struct str read_string(const char *text, size_t len, size_t *at)
{
	struct str string = {text + *at, 0};

	for (; *at < len && text[*at] != '"'; (*at)++)
		if (text[*at] == '\\')
			(*at)++;
	if (*at > len)
		*at = len;
	string.len = (size_t)(text + *at - string.ptr);
	if (*at < len)
		(*at)++;
	return string;
}

static bool keep(struct str value, char *out_uid, size_t cap)
{
	if (value.len == 0 || value.len >= cap)
		return false;
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] == '\\' || value.ptr[i] < ' ' || value.ptr[i] > '~')
			return false;
	memcpy(out_uid, value.ptr, value.len);
	out_uid[value.len] = '\0';
	return true;
}

bool uid_find(const char *text, size_t len, char *out_uid, size_t cap)
{
	struct str key = {0};
	bool in_request = false, is_value = false;
	size_t depth = 0, at = 0;

	while (at < len) {
		char c = text[at++];

		if (c == '{' || c == '[') {
			depth++;
			if (depth == 2)
				in_request = c == '{' && is_value && str_eq(key, STR("request"));
			is_value = false;
		} else if (c == '}' || c == ']') {
			if (depth-- <= 1)
				return false;
		} else if (c == ':') {
			is_value = true;
		} else if (c == ',') {
			is_value = false;
		} else if (c == '"') {
			struct str string = read_string(text, len, &at);

			/* A string that ends the text may have been cut. */
			if (is_value && depth == 2 && in_request && str_eq(key, STR("uid")))
				return text[at - 1] == '"' && keep(string, out_uid, cap);
			if (!is_value)
				key = string;
		}
	}
	return false;
}
