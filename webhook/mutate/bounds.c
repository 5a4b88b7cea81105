#include "webhook/mutate/bounds.h"

#include <string.h>

#include "webhook/mutate/tree.h"
#include "webhook/policy/quantity.h"

static struct bounds_item *item_of(struct bounds *bounds, const char *name)
{
	for (size_t i = 0; i < bounds->count; i++)
		if (strcmp(bounds->items[i].name, name) == 0)
			return &bounds->items[i];
	if (bounds->count == BOUNDS_MAX) {
		bounds->overflows = true;
		return NULL;
	}
	bounds->items[bounds->count] = (struct bounds_item){.name = name};
	return &bounds->items[bounds->count++];
}

/* `value` where it is stricter: the largest minimum, the smallest of the others. */
static void narrow(struct bound *bound, struct json_object *value, bool is_min)
{
	double number;

	if (!value || !quantity_parse(json_object_get_string(value), &number))
		return;
	if (!bound->as || (is_min ? number > bound->value : number < bound->value))
		*bound = (struct bound){number, value};
}

static void read_item(struct json_object *item, struct bounds *out)
{
	static const struct {
		const char *key;
		size_t offset;
	} kinds[] = {{"min", offsetof(struct bounds_item, min)},
	             {"max", offsetof(struct bounds_item, max)},
	             {"maxLimitRequestRatio", offsetof(struct bounds_item, ratio)},
	             {"default", offsetof(struct bounds_item, default_limit)}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct json_object *values = tree_object(item, kinds[i].key);

		if (!values)
			continue;
		json_object_object_foreach(values, name, value)
		{
			struct bounds_item *into = item_of(out, name);

			if (into)
				narrow((struct bound *)((char *)into + kinds[i].offset), value,
				       i == 0);
		}
	}
}

void bounds_read(struct json_object *limit_ranges, const char *type, struct bounds *out)
{
	*out = (struct bounds){0};
	for (size_t i = 0; i < tree_count(limit_ranges); i++) {
		struct json_object *items = tree_list(tree_at(limit_ranges, i), "limits");

		for (size_t j = 0; j < tree_count(items); j++) {
			const char *of = tree_string(tree_at(items, j), "type");

			if (of && strcmp(of, type) == 0)
				read_item(tree_at(items, j), out);
		}
	}
}
