#include "webhook/mutate/amounts.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "webhook/policy/quantity.h"

/* For a container of ours that is made to have a limit. */
#define ENOUGH_CPU    0.1
#define ENOUGH_MEMORY (64.0 * 1048576)

struct amount *amounts_of(struct amounts *amounts, const char *name)
{
	for (size_t i = 0; i < amounts->count; i++)
		if (strcmp(amounts->items[i].name, name) == 0)
			return &amounts->items[i];
	if (amounts->count == AMOUNTS_MAX) {
		amounts->overflows = true;
		return NULL;
	}
	amounts->items[amounts->count] = (struct amount){.name = name};
	return &amounts->items[amounts->count++];
}

static bool number_of(struct json_object *value, double *out)
{
	return value && quantity_parse(json_object_get_string(value), out);
}

static void set_request(struct amount *amount, double value, struct json_object *as)
{
	amount->request = value;
	amount->request_as = as;
}

static void set_limit(struct amount *amount, double value, struct json_object *as)
{
	amount->limit = value;
	amount->limit_as = as;
	amount->has_limit = true;
}

/* Not above what the pod itself may use. */
static void cap_limit(struct amount *amount, struct json_object *pod_limits)
{
	struct json_object *as = tree_get(pod_limits, amount->name);
	double most;

	if (amount->has_limit && number_of(as, &most) && most < amount->limit)
		set_limit(amount, most, as);
}

/* What is no quantity stays as it is written: the API server says what is wrong with it. */
static void load_limits(struct amounts *amounts, struct json_object *limits,
                        struct json_object *pod_limits)
{
	if (!limits)
		return;
	json_object_object_foreach(limits, name, value)
	{
		struct amount *amount = amounts_of(amounts, name);
		double number = 0;

		if (!amount)
			return;
		(void)number_of(value, &number);
		set_limit(amount, number, value);
		cap_limit(amount, pod_limits);
	}
}

static void load_requests(struct amounts *amounts, struct json_object *requests)
{
	if (!requests)
		return;
	json_object_object_foreach(requests, name, value)
	{
		struct amount *amount = amounts_of(amounts, name);
		double number = 0;

		if (!amount)
			return;
		if (!number_of(value, &number) && amount->has_limit)
			number = amount->limit;
		set_request(amount, number, value);
		if (amount->has_limit && number > amount->limit)
			set_request(amount, amount->limit, amount->limit_as);
	}
}

void amounts_load(struct amounts *amounts, struct json_object *limits, struct json_object *requests,
                  struct json_object *pod_limits)
{
	*amounts = (struct amounts){0};
	(void)amounts_of(amounts, "cpu");
	(void)amounts_of(amounts, "memory");
	load_limits(amounts, limits, pod_limits);
	load_requests(amounts, requests);
}

void amounts_free_of_limits(struct amounts *amounts)
{
	amounts->count = 0;
	set_limit(amounts_of(amounts, "cpu"), 0, NULL);
	set_limit(amounts_of(amounts, "memory"), 0, NULL);
}

/* limitranger's ratio: both must be there and not 0. */
static bool fit_ratio(struct amount *amount, const struct bounds_item *bounds)
{
	if (!bounds->ratio.as)
		return true;
	if (!amount->has_limit || amount->limit <= 0) {
		double enough = strcmp(amount->name, "cpu") == 0      ? ENOUGH_CPU
		                : strcmp(amount->name, "memory") == 0 ? ENOUGH_MEMORY
		                                                      : 0;

		if (amount->request > 0)
			set_limit(amount, amount->request, amount->request_as);
		else if (enough > 0)
			set_limit(amount, enough, NULL);
		else
			return false;
	}
	if (amount->request <= 0 || amount->limit / amount->request > bounds->ratio.value)
		set_request(amount, amount->limit / bounds->ratio.value, NULL);
	return true;
}

static bool fit_one(struct amount *amount, const struct bounds_item *bounds,
                    struct json_object *pod_limits)
{
	double most;

	/* What LimitRanger would put there could be less than the request, or more than needed. */
	if (!amount->has_limit && bounds->default_limit.as)
		set_limit(amount, bounds->default_limit.value, bounds->default_limit.as);
	if (bounds->max.as && (!amount->has_limit || amount->limit > bounds->max.value))
		set_limit(amount, bounds->max.value, bounds->max.as);
	if (bounds->max.as && amount->request > bounds->max.value)
		set_request(amount, bounds->max.value, bounds->max.as);
	if (bounds->min.as && amount->request < bounds->min.value)
		set_request(amount, bounds->min.value, bounds->min.as);
	if (bounds->min.as && amount->has_limit && amount->limit < bounds->min.value)
		set_limit(amount, bounds->min.value, bounds->min.as);
	if (!fit_ratio(amount, bounds))
		return false;
	if (amount->has_limit && amount->request > amount->limit)
		set_limit(amount, amount->request, amount->request_as);
	if (amount->has_limit && number_of(tree_get(pod_limits, amount->name), &most) &&
	    amount->limit > most)
		return false;
	return !bounds->max.as || (amount->has_limit && amount->limit <= bounds->max.value);
}

bool amounts_fit(struct amounts *amounts, const struct bounds *bounds,
                 struct json_object *pod_limits, char *detail, size_t cap)
{
	for (size_t i = 0; i < bounds->count; i++) {
		const struct bounds_item *item = &bounds->items[i];
		struct amount *amount = amounts_of(amounts, item->name);

		if (amount && fit_one(amount, item, pod_limits))
			continue;
		snprintf(detail, cap, "no %.40s for Farguard's containers fits the LimitRange",
		         item->name);
		return false;
	}
	if (!amounts->overflows && !bounds->overflows)
		return true;
	snprintf(detail, cap, "a LimitRange names more than %d resources", BOUNDS_MAX);
	return false;
}

/* Rounded up to what Kubernetes keeps: thousandths of a CPU, whole bytes. */
static void print(const char *name, double value, char out[40])
{
	if (strcmp(name, "cpu") == 0)
		snprintf(out, 40, "%.0fm", ceil(value * 1000 - 1e-6));
	else if (value > 0 && value < 1e15 && (uint64_t)value % (1u << 20) == 0 &&
	         value == floor(value))
		snprintf(out, 40, "%.0fMi", value / 1048576.0);
	else
		snprintf(out, 40, "%.0f", ceil(value - 1e-6));
}

static void put(struct tree_build *build, struct json_object *into, const char *name, double value,
                struct json_object *as)
{
	struct json_object *copied = NULL;
	char text[40] = "0";

	if (as) {
		/* The policy's are every thread's, and json-c does not count holders atomically. */
		json_object_deep_copy(as, &copied, NULL);
		tree_put_copied(build, into, name, copied);
		return;
	}
	if (value > 0)
		print(name, value, text);
	tree_put_copied(build, into, name, tree_new_string(build, text));
}

struct json_object *amounts_json(const struct amounts *amounts, struct tree_build *build)
{
	struct json_object *out = tree_new_object(build), *requests = tree_new_object(build);
	struct json_object *limits = NULL;

	tree_put(build, out, "requests", requests);
	for (size_t i = 0; i < amounts->count; i++) {
		const struct amount *amount = &amounts->items[i];
		bool is_basic = i < 2; /* cpu, memory */

		if (is_basic || amount->request_as || amount->request > 0)
			put(build, requests, amount->name, amount->request, amount->request_as);
		if (!amount->has_limit)
			continue;
		if (!limits) {
			limits = tree_new_object(build);
			tree_put(build, out, "limits", limits);
		}
		put(build, limits, amount->name, amount->limit, amount->limit_as);
	}
	return out;
}
