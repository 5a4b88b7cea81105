/* scalar.c - https://yaml.org/type/: bool, null, int and float of YAML 1.1. */
#include "webhook/policy/scalar.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_plain(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE &&
	       node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (!node->tag || strcmp((const char *)node->tag, YAML_STR_TAG) == 0);
}

const char *scalar_text(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

/* Lower, Capitalized or UPPER, not mixed. */
static bool is_word(const char *text, const char *word)
{
	size_t len = strlen(word), i;
	bool lower = true, upper = true;

	if (strcasecmp(text, word) != 0)
		return false;
	for (i = 1; i < len; i++) {
		lower &= islower((unsigned char)text[i]) != 0;
		upper &= isupper((unsigned char)text[i]) != 0;
	}
	return lower || (upper && isupper((unsigned char)text[0]));
}

bool scalar_bool(const yaml_node_t *node, bool *out)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "n", "y"};
	size_t i;

	if (!is_plain(node))
		return false;
	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (is_word(scalar_text(node), words[i])) {
			*out = i % 2;
			return true;
		}
	}
	return false;
}

bool scalar_null(const yaml_node_t *node)
{
	const char *text = scalar_text(node);

	return is_plain(node) && (*text == '\0' || strcmp(text, "~") == 0 || is_word(text, "null"));
}

bool scalar_number(const yaml_node_t *node, double *out)
{
	const char *text = scalar_text(node);
	char *end;
	double value;

	if (!is_plain(node) || (!isdigit((unsigned char)*text) && !strchr("+-.", *text)) || !*text)
		return false;
	if (strspn(text, "0123456789+-.eE") != strlen(text))
		return false;
	value = strtod(text, &end);
	if (*end)
		return false;
	*out = value;
	return true;
}

bool scalar_string(const yaml_node_t *node)
{
	bool truth;
	double number;

	return node->type == YAML_SCALAR_NODE &&
	       strlen(scalar_text(node)) == node->data.scalar.length &&
	       !scalar_bool(node, &truth) && !scalar_null(node) && !scalar_number(node, &number);
}
