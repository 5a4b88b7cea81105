/* quantity.c - <sign><digits>[.<digits>]<suffix>. */
#include "webhook/policy/quantity.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 64

static const struct {
	const char *suffix;
	double factor;
} suffixes[] = {
        {"", 1},
        {"n", 1e-9},
        {"u", 1e-6},
        {"m", 1e-3},
        {"k", 1e3},
        {"M", 1e6},
        {"G", 1e9},
        {"T", 1e12},
        {"P", 1e15},
        {"E", 1e18},
        {"Ki", 1024},
        {"Mi", 1048576},
        {"Gi", 1073741824},
        {"Ti", 1099511627776.0},
        {"Pi", 1125899906842624.0},
        {"Ei", 1152921504606846976.0},
};

/* An exponent instead of a suffix: e or E, sign, digits to the end. */
static bool is_exponent(const char *s)
{
	if (*s != 'e' && *s != 'E')
		return false;
	s++;
	if (*s == '+' || *s == '-')
		s++;
	if (!isdigit((unsigned char)*s))
		return false;
	while (isdigit((unsigned char)*s))
		s++;
	return *s == '\0';
}

bool quantity_parse(const char *text, double *out)
{
	const char *s = text;
	size_t digits = 0, i;

	if (strnlen(text, TEXT_MAX) == TEXT_MAX)
		return false;
	if (*s == '+' || *s == '-')
		s++;
	for (; isdigit((unsigned char)*s); s++)
		digits++;
	if (*s == '.')
		for (s++; isdigit((unsigned char)*s); s++)
			digits++;
	if (digits == 0)
		return false;
	if (is_exponent(s)) {
		*out = strtod(text, NULL);
		return true;
	}
	for (i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		if (strcmp(s, suffixes[i].suffix) == 0) {
			char number[TEXT_MAX];

			memcpy(number, text, (size_t)(s - text));
			number[s - text] = '\0';
			*out = strtod(number, NULL) * suffixes[i].factor;
			return true;
		}
	}
	return false;
}
