/* diff.c - walk the table of keys over both structures, and compare what each key has as text. */
#include "webhook/policy/diff.h"

#include <stdio.h>
#include <string.h>

#include "webhook/policy/keys.h"
#include "webhook/policy/policy.h"

struct walk {
	const struct policy *before, *after;
	diff_fn *on_diff;
	void *ctx;
	unsigned count;
};

static void format_list(const struct policy_list *list, char *out, size_t cap)
{
	size_t len = (size_t)snprintf(out, cap, "[");

	for (size_t i = 0; i < list->count && len < cap; i++)
		len += (size_t)snprintf(out + len, cap - len, "%s%s", i ? ", " : "",
		                        list->items[i]);
	if (len < cap)
		snprintf(out + len, cap - len, "]");
}

/* json-c keeps the text of an object inside it, and reviews read the same one: print a copy. */
static void format_object(struct json_object *object, char *out, size_t cap)
{
	struct json_object *copied = NULL;

	if (json_object_deep_copy(object, &copied, NULL) == 0)
		snprintf(out, cap, "%s",
		         json_object_to_json_string_ext(copied, JSON_C_TO_STRING_PLAIN));
	json_object_put(copied);
}

static void format(const struct policy *policy, const struct key *key, char *out, size_t cap)
{
	const void *at = (const char *)policy + key->offset;

	out[0] = '\0';
	switch ((int)key->kind) {
	case KEY_BOOL:
		snprintf(out, cap, "%s", *(const bool *)at ? "true" : "false");
		break;
	case KEY_BOOL_WORD:
		snprintf(out, cap, "%s", key->words[*(const bool *)at]);
		break;
	case KEY_WORD:
		snprintf(out, cap, "%s", key->words[*(const int *)at]);
		break;
	case KEY_INT:
		snprintf(out, cap, "%d", *(const int *)at);
		break;
	case KEY_NUMBER:
		snprintf(out, cap, "%.15g", *(const double *)at);
		break;
	case KEY_LIST:
		format_list(at, out, cap);
		break;
	case KEY_RESOURCES:
		format_object(*(struct json_object *const *)at, out, cap);
		break;
	default:
		snprintf(out, cap, "%s", *(char *const *)at);
		break;
	}
}

static void compare(struct walk *walk, const char *prefix, const struct key *key)
{
	struct diff diff = {.needs_restart = key->needs_restart};

	format(walk->before, key, diff.before, sizeof(diff.before));
	format(walk->after, key, diff.after, sizeof(diff.after));
	if (strcmp(diff.before, diff.after) == 0)
		return;
	snprintf(diff.path, sizeof(diff.path), "%s%s", prefix, key->name);
	walk->count++;
	walk->on_diff(walk->ctx, &diff);
}

/* As deep as the table. */
static void compare_section(struct walk *walk, const char *prefix, const struct key *keys)
{
	for (const struct key *key = keys; key->name; key++) {
		char path[DIFF_PATH_MAX];

		if (key->kind != KEY_SECTION) {
			compare(walk, prefix, key);
			continue;
		}
		snprintf(path, sizeof(path), "%s%s.", prefix, key->name);
		compare_section(walk, path, key->children);
	}
}

unsigned diff_policies(const struct policy *before, const struct policy *after, diff_fn *on_diff,
                       void *ctx)
{
	struct walk walk = {.before = before, .after = after, .on_diff = on_diff, .ctx = ctx};

	compare_section(&walk, "", policy_keys);
	return walk.count;
}
