/* read.c - walk the document along the table; the first thing that is wrong ends it. */
#include "webhook/policy/read.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "webhook/policy/keys.h"
#include "webhook/policy/list.h"
#include "webhook/policy/nearest.h"
#include "webhook/policy/policy.h"
#include "webhook/policy/quantity.h"
#include "webhook/policy/scalar.h"

#define KEYS_MAX 256 /* in one mapping */

int read_error(struct read *read, const yaml_node_t *node, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return err_set(read->err, EINVAL, "%.100s:%zu:%zu: %s", read->name,
	               node->start_mark.line + 1, node->start_mark.column + 1, text);
}

int read_syntax_error(struct read *read, const yaml_parser_t *parser)
{
	/* The reader, below the scanner, counts bytes, not lines. */
	if (parser->error == YAML_READER_ERROR)
		return err_set(read->err, EINVAL, "%.100s: %s at byte %zu", read->name,
		               parser->problem, parser->problem_offset);
	return err_set(read->err, EINVAL, "%.100s:%zu:%zu: %s", read->name,
	               parser->problem_mark.line + 1, parser->problem_mark.column + 1,
	               parser->problem ? parser->problem : "out of memory");
}

static yaml_node_t *node_of(struct read *read, int index)
{
	return yaml_document_get_node(read->document, index);
}

static int unknown_key(struct read *read, const struct key *keys, const yaml_node_t *node)
{
	const char *text = scalar_text(node), *word;
	struct nearest nearest = {.text = text};

	for (const struct key *key = keys; key->name; key++)
		nearest_offer(&nearest, key->name);
	word = nearest_word(&nearest);
	if (word)
		return read_error(read, node, "unknown key \"%.60s\"; did you mean \"%s\"?", text,
		                  word);
	return read_error(read, node, "unknown key \"%.60s\"", text);
}

/* The key node of a pair must be a string that stands there once. */
static int check_key(struct read *read, const yaml_node_t *map, const yaml_node_pair_t *pair)
{
	const yaml_node_t *node = node_of(read, pair->key);
	const yaml_node_pair_t *other;

	if (node->type != YAML_SCALAR_NODE)
		return read_error(read, node, "a key must be a string");
	if (strlen(scalar_text(node)) != node->data.scalar.length)
		return read_error(read, node, "a key must be a string without NUL");
	if (pair - map->data.mapping.pairs.start >= KEYS_MAX)
		return read_error(read, node, "more than %d keys", KEYS_MAX);
	for (other = map->data.mapping.pairs.start; other < pair; other++) {
		const yaml_node_t *before = node_of(read, other->key);

		if (strcmp(scalar_text(before), scalar_text(node)) == 0)
			return read_error(read, node,
			                  "key \"%.60s\" stands there twice, first in line %zu",
			                  scalar_text(node), before->start_mark.line + 1);
	}
	return 0;
}

static int set_string(struct read *read, const yaml_node_t *node, char **out)
{
	char *copy = strdup(scalar_text(node));

	if (!copy)
		return err_set(read->err, ENOMEM, "%.100s: out of memory", read->name);
	free(*out);
	*out = copy;
	return 0;
}

static int find_word(struct read *read, const struct key *key, const yaml_node_t *node, int *out)
{
	char known[128] = "";
	size_t len = 0;
	int i;

	for (i = 0; i < KEY_WORDS_MAX && key->words[i]; i++) {
		if (scalar_string(node) && strcmp(scalar_text(node), key->words[i]) == 0) {
			*out = i;
			return 0;
		}
		len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s", i ? ", " : "",
		                        key->words[i]);
	}
	return read_error(read, node, "%s must be %s%s", key->name, i > 1 ? "one of " : "", known);
}

static int read_list(struct read *read, const struct key *key, const yaml_node_t *node,
                     struct policy_list *list)
{
	const yaml_node_item_t *item;

	if (node->type != YAML_SEQUENCE_NODE)
		return read_error(read, node, "%s must be a list of strings", key->name);
	list_done(list);
	for (item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
		const yaml_node_t *one = node_of(read, *item);

		if (one->type != YAML_SCALAR_NODE || !scalar_string(one))
			return read_error(read, one, "%s must be a list of strings", key->name);
		if (list_push(list, scalar_text(one)) < 0)
			return err_set(read->err, ENOMEM, "%.100s: out of memory", read->name);
	}
	return 0;
}

/* {cpu: 200m, memory: 64Mi} as JSON strings. */
static int read_quantities(struct read *read, const yaml_node_t *node, struct json_object *out)
{
	const yaml_node_pair_t *pair;

	if (node->type != YAML_MAPPING_NODE)
		return read_error(read, node, "must be a mapping of resources to quantities");
	for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *value = node_of(read, pair->value);
		double amount;
		int err = check_key(read, node, pair);

		if (err < 0)
			return err;
		if (value->type != YAML_SCALAR_NODE ||
		    !quantity_parse(scalar_text(value), &amount) || amount < 0)
			return read_error(read, value, "must be a quantity such as 200m or 64Mi");
		json_object_object_add(out, scalar_text(node_of(read, pair->key)),
		                       json_object_new_string(scalar_text(value)));
	}
	return 0;
}

static int read_resources(struct read *read, const yaml_node_t *node, struct json_object **out)
{
	const yaml_node_pair_t *pair;
	struct json_object *resources;

	if (node->type != YAML_MAPPING_NODE)
		return read_error(read, node, "resources must be a mapping of requests and limits");
	resources = json_object_new_object();
	if (!resources)
		return err_set(read->err, ENOMEM, "%.100s: out of memory", read->name);
	json_object_put(*out);
	*out = resources;
	for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		static const struct key known[] = {
		        {.name = "requests"}, {.name = "limits"}, {.name = NULL}};
		const yaml_node_t *name = node_of(read, pair->key);
		struct json_object *part;
		int err = check_key(read, node, pair);

		if (err < 0)
			return err;
		if (strcmp(scalar_text(name), "requests") != 0 &&
		    strcmp(scalar_text(name), "limits") != 0)
			return unknown_key(read, known, name);
		part = json_object_new_object();
		json_object_object_add(resources, scalar_text(name), part);
		err = read_quantities(read, node_of(read, pair->value), part);
		if (err < 0)
			return err;
	}
	return 0;
}

static int read_address(struct read *read, const struct key *key, const yaml_node_t *node,
                        char **out)
{
	const char *text = scalar_text(node), *colon = strrchr(text, ':');
	char *end = NULL;
	long port = colon ? strtol(colon + 1, &end, 10) : 0;

	if (!colon || !isdigit((unsigned char)colon[1]) || *end || port < 1 || port > 65535)
		return read_error(read, node, "%s must be HOST:PORT or :PORT", key->name);
	return set_string(read, node, out);
}

static int read_number(struct read *read, const struct key *key, const yaml_node_t *node, void *out)
{
	double number;

	if (!scalar_number(node, &number))
		return read_error(read, node, "%s must be a number", key->name);
	if (key->kind == KEY_NUMBER) {
		if (!(number >= 0) || number > 1e9)
			return read_error(read, node, "%s must not be negative", key->name);
		*(double *)out = number;
		return 0;
	}
	if (!(number >= key->min && number <= key->max) || number != (int)number)
		return read_error(read, node, "%s must be a whole number from %d to %d", key->name,
		                  key->min, key->max);
	*(int *)out = (int)number;
	return 0;
}

static int read_scalar(struct read *read, const struct key *key, const yaml_node_t *node, void *out)
{
	int word = 0, err;

	if (node->type != YAML_SCALAR_NODE)
		return read_error(read, node, "%s must be a single value", key->name);
	switch ((int)key->kind) {
	case KEY_BOOL:
		if (!scalar_bool(node, out))
			return read_error(read, node, "%s must be true or false", key->name);
		return 0;
	case KEY_INT:
	case KEY_NUMBER:
		return read_number(read, key, node, out);
	case KEY_ADDRESS:
		return read_address(read, key, node, out);
	case KEY_STRING:
		if (!scalar_string(node) || !*scalar_text(node))
			return read_error(read, node, "%s must be a string", key->name);
		return set_string(read, node, out);
	default:
		break;
	}
	err = find_word(read, key, node, &word);
	if (err < 0)
		return err;
	if (key->kind == KEY_WORD_STRING)
		return set_string(read, node, out);
	if (key->kind == KEY_WORD)
		*(int *)out = word;
	else
		*(bool *)out = word;
	return 0;
}

static int read_section(struct read *read, const char *name, const struct key *keys,
                        const yaml_node_t *node);

static int read_value(struct read *read, const struct key *key, const yaml_node_t *node)
{
	void *out = (char *)read->policy + key->offset;

	if (key->kind == KEY_SECTION)
		return read_section(read, key->name, key->children, node);
	if (key->kind == KEY_LIST)
		return read_list(read, key, node, out);
	if (key->kind == KEY_RESOURCES)
		return read_resources(read, node, out);
	return read_scalar(read, key, node, out);
}

/* As deep as the table of keys, whatever the document is. */
static int read_section(struct read *read, const char *name, const struct key *keys,
                        const yaml_node_t *node)
{
	const yaml_node_pair_t *pair;
	int err;

	if (node->type == YAML_SCALAR_NODE && scalar_null(node))
		return 0;
	if (node->type != YAML_MAPPING_NODE)
		return read_error(read, node, "%s must be a mapping", name);
	for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name_node = node_of(read, pair->key);
		const struct key *key;

		err = check_key(read, node, pair);
		if (err < 0)
			return err;
		for (key = keys; key->name; key++)
			if (strcmp(key->name, scalar_text(name_node)) == 0)
				break;
		if (!key->name)
			return unknown_key(read, keys, name_node);
		err = read_value(read, key, node_of(read, pair->value));
		if (err < 0)
			return err;
	}
	return 0;
}

int read_root(struct read *read, yaml_node_t *root)
{
	return read_section(read, "the configuration", policy_keys, root);
}
