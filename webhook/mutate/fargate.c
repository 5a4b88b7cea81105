/* fargate.c - the table of sizes, and sums over a pod's requests. */
#include "webhook/mutate/fargate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "webhook/mutate/tree.h"
#include "webhook/policy/quantity.h"

#define GB             1073741824.0
#define RESERVED_GB    (FARGATE_RESERVED_BYTES / GB)
#define HOURS_IN_MONTH 730.0
#define LISTED_SIZES   3
/* 0.1 + 0.35 + 0.05 is more than 0.5: what is less than a microcore or a byte is no request. */
#define CPU_SLACK 1e-7
#define GB_SLACK  (0.5 / GB)

/* vCPU, then its memory from min to max GB in steps; the first has its three values listed. */
static const struct row {
	double vcpu, min, max, step;
} rows[] = {
        {0.25, 0.5, 2, 0}, {0.5, 1, 4, 1}, {1, 2, 8, 1},     {2, 4, 16, 1},
        {4, 8, 30, 1},     {8, 16, 60, 4}, {16, 32, 120, 8},
};

static const double smallest[LISTED_SIZES] = {0.5, 1, 2};

/* The memory of `row` that holds `gb`, which its max does. */
static double fit(const struct row *row, double gb)
{
	double size = row->min;
	size_t i = 0;

	while (size < gb)
		size = row->step > 0 ? size + row->step : smallest[++i];
	return size;
}

struct fargate_size fargate_round(double cpu, double memory)
{
	double gb = memory / GB + RESERVED_GB - GB_SLACK;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (cpu - CPU_SLACK <= rows[i].vcpu && gb <= rows[i].max)
			return (struct fargate_size){rows[i].vcpu, fit(&rows[i], gb)};
	return (struct fargate_size){0, 0};
}

static double amount(struct json_object *resources, const char *kind, const char *name,
                     bool *out_has)
{
	struct json_object *value = tree_get(tree_get(resources, kind), name);
	double number = 0;

	*out_has = value && quantity_parse(json_object_get_string(value), &number);
	return *out_has ? number : 0;
}

/* The request of a container; without one its limit stands in (the API server's default). */
static double request(struct json_object *container, const char *name)
{
	struct json_object *resources = tree_get(container, "resources");
	bool has;
	double value = amount(resources, "requests", name, &has);

	return has ? value : amount(resources, "limits", name, &has);
}

static bool is_sidecar(struct json_object *container)
{
	const char *policy = tree_string(container, "restartPolicy");

	return policy && strcmp(policy, "Always") == 0;
}

struct fargate_requests fargate_requests_of(struct json_object *container)
{
	return (struct fargate_requests){request(container, "cpu"), request(container, "memory")};
}

static double greater(double a, double b)
{
	return a > b ? a : b;
}

struct fargate_sums fargate_sums_of(struct json_object *spec)
{
	struct json_object *init = tree_list(spec, "initContainers");
	struct json_object *main = tree_list(spec, "containers");
	struct fargate_sums sums = {0};

	for (size_t i = 0; i < tree_count(init) + tree_count(main); i++) {
		bool is_init = i < tree_count(init);
		struct json_object *container =
		        is_init ? tree_at(init, i) : tree_at(main, i - tree_count(init));
		struct fargate_requests one = fargate_requests_of(container);

		if (is_init && !is_sidecar(container)) {
			sums.init.cpu = greater(sums.init.cpu, one.cpu);
			sums.init.memory = greater(sums.init.memory, one.memory);
		} else {
			sums.running.cpu += one.cpu;
			sums.running.memory += one.memory;
		}
	}
	sums.needed.cpu = greater(sums.init.cpu, sums.running.cpu);
	sums.needed.memory = greater(sums.init.memory, sums.running.memory);
	return sums;
}

struct fargate_size fargate_size_of(struct json_object *spec)
{
	return fargate_size_with(spec, (struct fargate_requests){0}, (struct fargate_requests){0});
}

struct fargate_size fargate_size_with(struct json_object *spec, struct fargate_requests main,
                                      struct fargate_requests init)
{
	struct fargate_sums sums = fargate_sums_of(spec);

	return fargate_round(
	        greater(sums.running.cpu + main.cpu, greater(sums.init.cpu, init.cpu)),
	        greater(sums.running.memory + main.memory, greater(sums.init.memory, init.memory)));
}

bool fargate_size_equal(struct fargate_size a, struct fargate_size b)
{
	/* Both are numbers of one table. */
	return fabs(a.vcpu - b.vcpu) < 0.01 && fabs(a.gb - b.gb) < 0.01;
}

double fargate_month(struct fargate_size size, double vcpu_hour, double gb_hour)
{
	return HOURS_IN_MONTH * (size.vcpu * vcpu_hour + size.gb * gb_hour);
}

void fargate_format(struct fargate_size size, char out[32])
{
	if (size.vcpu > 0)
		snprintf(out, 32, "%gvCPU %gGB", size.vcpu, size.gb);
	else
		snprintf(out, 32, "none");
}

static bool guaranteed(struct json_object *container)
{
	static const char *const names[] = {"cpu", "memory"};
	struct json_object *resources = tree_get(container, "resources");
	size_t i;

	for (i = 0; i < 2; i++) {
		bool has_limit, has_request;
		double limit = amount(resources, "limits", names[i], &has_limit);
		double wanted = amount(resources, "requests", names[i], &has_request);

		if (!has_limit || limit <= 0 || (has_request && wanted != limit))
			return false;
	}
	return true;
}

bool fargate_is_guaranteed(struct json_object *spec)
{
	static const char *const lists[] = {"initContainers", "containers"};
	size_t i, j;

	/* Where the pod has resources of its own, they alone decide. */
	if (tree_object(spec, "resources"))
		return guaranteed(spec);
	for (i = 0; i < 2; i++) {
		struct json_object *list = tree_list(spec, lists[i]);

		for (j = 0; j < tree_count(list); j++)
			if (!guaranteed(tree_at(list, j)))
				return false;
	}
	return true;
}

static const char *container_refused(struct json_object *container)
{
	struct json_object *ports = tree_list(container, "ports");
	struct json_object *security = tree_get(container, "securityContext");
	size_t i;

	if (tree_true(security, "privileged"))
		return "privileged";
	if (tree_count(tree_list(tree_get(security, "capabilities"), "add")))
		return "capabilities.add";
	for (i = 0; i < tree_count(ports); i++) {
		struct json_object *port = tree_get(tree_at(ports, i), "hostPort");

		if (json_object_is_type(port, json_type_int) && json_object_get_int64(port) != 0)
			return "hostPort";
		if (tree_string(tree_at(ports, i), "hostIP"))
			return "hostIP";
	}
	return NULL;
}

const char *fargate_refuses(struct json_object *spec)
{
	static const char *const lists[] = {"initContainers", "containers"};
	static const char *const refused[] = {"hostPath", "awsElasticBlockStore", "ephemeral"};
	struct json_object *volumes = tree_list(spec, "volumes");
	size_t i, j;

	if (tree_true(spec, "hostIPC"))
		return "hostIPC";
	for (i = 0; i < tree_count(volumes); i++)
		for (j = 0; j < sizeof(refused) / sizeof(*refused); j++)
			if (tree_get(tree_at(volumes, i), refused[j]))
				return refused[j];
	for (i = 0; i < 2; i++) {
		struct json_object *list = tree_list(spec, lists[i]);

		for (j = 0; j < tree_count(list); j++) {
			const char *word = container_refused(tree_at(list, j));

			if (word)
				return word;
		}
	}
	return NULL;
}
