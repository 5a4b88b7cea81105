#include "webhook/mutate/sums.h"

#include <string.h>

#include "webhook/mutate/tree.h"
#include "webhook/policy/quantity.h"

static struct sum amount(struct json_object *resources, const char *kind, const char *name)
{
	struct json_object *value = tree_get(tree_get(resources, kind), name);
	struct sum sum = {0};

	sum.has = value && quantity_parse(json_object_get_string(value), &sum.value);
	return sum;
}

struct sum sums_container(struct json_object *container, const char *kind, const char *name)
{
	struct json_object *resources = tree_get(container, "resources");
	struct sum sum = amount(resources, kind, name);

	return sum.has || strcmp(kind, "requests") != 0 ? sum : amount(resources, "limits", name);
}

static void add(struct sum *to, const struct sum *more)
{
	to->value += more->value;
	to->has |= more->has;
}

static void raise_to(struct sum *to, const struct sum *other)
{
	if (other->value > to->value)
		to->value = other->value;
	to->has |= other->has;
}

static bool is_sidecar(struct json_object *container)
{
	const char *policy = tree_string(container, "restartPolicy");

	return policy && strcmp(policy, "Always") == 0;
}

/* What stands on the pod itself: it alone counts then. */
static struct sum of_pod(struct json_object *spec, const char *kind, const char *name)
{
	if (strcmp(name, "cpu") != 0 && strcmp(name, "memory") != 0)
		return (struct sum){0};
	return amount(tree_get(spec, "resources"), kind, name);
}

struct sum sums_of(struct json_object *spec, const char *kind, const char *name,
                   const struct sums_more *more)
{
	static const struct sums_more none;
	struct json_object *init = tree_list(spec, "initContainers");
	struct json_object *main = tree_list(spec, "containers");
	struct json_object *over = tree_get(tree_get(spec, "overhead"), name);
	struct sum total = of_pod(spec, kind, name), sidecars = {0}, most = {0}, overhead = {0};

	if (over)
		overhead.has = quantity_parse(json_object_get_string(over), &overhead.value);
	if (total.has) {
		add(&total, &overhead);
		return total;
	}
	more = more ? more : &none;
	add(more->on_is_sidecar ? &sidecars : &total, &more->on);
	raise_to(&most, &more->first);
	raise_to(&most, &sidecars);
	for (size_t i = 0; i < tree_count(init); i++) {
		struct json_object *container = tree_at(init, i);
		struct sum one = sums_container(container, kind, name);

		if (is_sidecar(container)) {
			add(&sidecars, &one);
		} else {
			add(&one, &sidecars);
			raise_to(&most, &one);
		}
	}
	for (size_t i = 0; i < tree_count(main); i++) {
		struct sum one = sums_container(tree_at(main, i), kind, name);

		add(&total, &one);
	}
	add(&total, &sidecars);
	raise_to(&total, &most);
	/* A pod without limits gets none from its runtime's overhead. */
	if (overhead.has && (total.has || strcmp(kind, "requests") == 0))
		add(&total, &overhead);
	return total;
}
