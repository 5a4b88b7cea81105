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

static struct sum plus(struct sum a, struct sum b)
{
	return (struct sum){a.value + b.value, a.has || b.has};
}

static struct sum larger(struct sum a, struct sum b)
{
	return (struct sum){a.value > b.value ? a.value : b.value, a.has || b.has};
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
	struct sum running = {0}, sidecars = {0}, most = {0}, pod = of_pod(spec, kind, name);
	struct sum overhead = {0};
	struct json_object *over = tree_get(tree_get(spec, "overhead"), name);

	if (over)
		overhead.has = quantity_parse(json_object_get_string(over), &overhead.value);
	if (pod.has)
		return plus(pod, overhead);
	more = more ? more : &none;
	most = more->first;
	if (more->on_is_sidecar)
		sidecars = more->on;
	else
		running = more->on;
	most = larger(most, sidecars);
	for (size_t i = 0; i < tree_count(init); i++) {
		struct json_object *container = tree_at(init, i);
		struct sum one = sums_container(container, kind, name);

		if (is_sidecar(container))
			sidecars = plus(sidecars, one);
		else
			most = larger(most, plus(one, sidecars));
	}
	for (size_t i = 0; i < tree_count(main); i++)
		running = plus(running, sums_container(tree_at(main, i), kind, name));
	running = larger(plus(running, sidecars), most);
	/* A pod without limits gets none from its runtime's overhead. */
	if (overhead.has && (running.has || strcmp(kind, "requests") == 0))
		running = plus(running, overhead);
	return running;
}
