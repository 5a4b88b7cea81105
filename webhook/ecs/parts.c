#include "webhook/ecs/parts.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/contract.h"
#include "webhook/mutate/tree.h"
#include "webhook/policy/quantity.h"

/* An empty volume of a task belongs to root, with mode 0755 (ECS developer guide, bind mounts). */
#define INSTALL_USER "0"
#define AGENT_USER   "65532:65532"

#define MIB             (1024.0 * 1024.0)
#define MEMORY_MIB      64 /* where a limit must be and none is configured */
#define MEMORY_MIB_MIN  6  /* Docker's */
#define RESERVATION_MIB 16
#define STOP_SECONDS    30 /* ECS's own */
#define WORKLOAD        "TaskDefinition/"

struct json_object *parts_volume(struct tree_build *build)
{
	struct json_object *volume = tree_new_object(build);

	tree_put_string(build, volume, "name", CONTRACT_VOLUME);
	tree_put(build, volume, "host", tree_new_object(build));
	return volume;
}

struct json_object *parts_mount(bool read_only, struct tree_build *build)
{
	struct json_object *mount = tree_new_object(build);

	tree_put_string(build, mount, "sourceVolume", CONTRACT_VOLUME);
	tree_put_string(build, mount, "containerPath", CONTRACT_DIR);
	tree_put(build, mount, "readOnly", tree_new_bool(build, read_only));
	return mount;
}

struct json_object *parts_variable(const char *name, const char *value, struct tree_build *build)
{
	struct json_object *variable = tree_new_object(build);

	tree_put_string(build, variable, "name", name);
	tree_put_string(build, variable, "value", value);
	return variable;
}

struct json_object *parts_dependency(struct tree_build *build)
{
	struct json_object *dependency = tree_new_object(build);

	tree_put_string(build, dependency, "containerName", CONTRACT_INSTALL_CONTAINER);
	tree_put_string(build, dependency, "condition", "SUCCESS");
	return dependency;
}

struct json_object *parts_name(const struct task_container *c, struct tree_build *build)
{
	struct json_object *variable = tree_new_object(build);
	struct json_object *value =
	        json_object_new_string_len(c->name, (int)strnlen(c->name, PARTS_NAME_MAX));

	tree_put_string(build, variable, "name", CONTRACT_ENV_CONTAINER);
	tree_put(build, variable, "value", value);
	return variable;
}

/* Append `text` and what ends it, with what separates entries and fields replaced: no valid image
 * has it. */
static size_t append(char *out, size_t len, const char *text, size_t max, char end)
{
	for (; *text && max; text++, max--)
		out[len++] = *text == ';' || (*text > 0 && *text <= ' ') ? '?' : *text;
	out[len++] = end;
	return len;
}

struct json_object *parts_containers(const struct task *task, struct tree_build *build)
{
	struct json_object *out;
	size_t cap = 1, len = 0;
	char *text;

	for (size_t i = 0; i < task->count; i++) {
		const char *image = tree_string(task->containers[i].spec, "image");

		cap += PARTS_NAME_MAX + (image ? strlen(image) : 1) + 64;
	}
	text = malloc(cap);
	if (!text) {
		build->failed = true;
		return NULL;
	}
	for (size_t i = 0; i < task->count; i++) {
		const struct task_container *c = &task->containers[i];
		const char *image = tree_string(c->spec, "image");

		len = append(text, len, c->name, PARTS_NAME_MAX, ' ');
		len = append(text, len, "main", SIZE_MAX, ' ');
		if (!c->covered)
			text[len++] = '!';
		len = append(text, len, c->covered ? c->how : c->reason, SIZE_MAX, ' ');
		len = append(text, len, image && *image ? image : "-", SIZE_MAX, ';');
	}
	text[len ? len - 1 : 0] = '\0';
	out = tree_new_string(build, text);
	free(text);
	return out;
}

static struct json_object *container(const struct task *task, const char *name, const char *user,
                                     struct tree_build *build)
{
	static const char *const all[] = {"ALL"};
	struct json_object *out = tree_new_object(build), *linux_ = tree_new_object(build);
	struct json_object *capabilities = tree_new_object(build);

	tree_put_string(build, out, "name", name);
	tree_put_string(build, out, "image", task->policy->image.reference);
	tree_put(build, out, "essential", tree_new_bool(build, false));
	tree_put_string(build, out, "user", user);
	tree_put(build, out, "readonlyRootFilesystem", tree_new_bool(build, true));
	tree_put(build, capabilities, "drop", tree_new_strings(build, all, 1));
	tree_put(build, linux_, "capabilities", capabilities);
	tree_put(build, out, "linuxParameters", linux_);
	return out;
}

static bool is_essential(struct json_object *container)
{
	/* Without a word it is. */
	return !tree_has(container, "essential") || tree_true(container, "essential");
}

/* Where the first essential container's lines go, else the first that says; or NULL. */
static struct json_object *log_of(const struct task *task)
{
	struct json_object *found = NULL;

	for (size_t i = 0; i < task->count; i++) {
		struct json_object *spec = task->containers[i].spec;
		struct json_object *log = tree_get(spec, "logConfiguration");

		if (log && is_essential(spec))
			return log;
		if (log && !found)
			found = log;
	}
	return found;
}

/* MiB of a task's memory: 512, "512", "1 GB", "0.5GB"; 0 when it does not say, or says it in
 * another way. */
static double task_mib(const struct task *task)
{
	struct json_object *memory = tree_get(task->spec, "memory");
	const char *text = json_object_get_string(memory);
	double amount;
	char unit[4] = "";

	if (!text || sscanf(text, "%lf %3s", &amount, unit) < 1 || !(amount > 0 && amount < 1e9))
		return 0;
	if (!*unit)
		return amount;
	return strcasecmp(unit, "GB") == 0 ? amount * 1024 : 0;
}

static double number_of(struct json_object *container, const char *key)
{
	struct json_object *value = tree_get(container, key);

	return json_object_is_type(value, json_type_int) ? json_object_get_double(value) : 0;
}

/* What the task's own containers take of its memory. */
static double taken_mib(const struct task *task)
{
	double sum = 0;

	for (size_t i = 0; i < task->count; i++) {
		double hard = number_of(task->containers[i].spec, "memory");
		double soft = number_of(task->containers[i].spec, "memoryReservation");

		sum += hard > soft ? hard : soft;
	}
	return sum;
}

/* limits.memory of `configured` in MiB, 0 when there is none. */
static int limit_mib(struct json_object *configured)
{
	const char *text =
	        json_object_get_string(tree_get(tree_get(configured, "limits"), "memory"));
	double bytes;

	if (!text || !quantity_parse(text, &bytes) || !(bytes > 0 && bytes < 1e6 * MIB))
		return 0;
	return bytes < MEMORY_MIB_MIN * MIB ? MEMORY_MIB_MIN : (int)(bytes / MIB);
}

/* ECS refuses a task whose containers' memory exceeds its own, and, where the task has none, a
 * container without memory.  So the limit stands where it fits, and is left out where it does not:
 * no task grows. */
static void put_memory(const struct task *task, struct json_object *out,
                       struct json_object *configured, bool only_where_needed,
                       struct tree_build *build)
{
	int limit = limit_mib(configured);
	double size = task_mib(task);

	if (!tree_get(task->spec, "memory")) {
		limit = limit ? limit : MEMORY_MIB;
		tree_put(build, out, "memory", tree_new_int(build, limit));
		tree_put(build, out, "memoryReservation",
		         tree_new_int(build, limit < RESERVATION_MIB ? limit : RESERVATION_MIB));
	} else if (limit && !only_where_needed && taken_mib(task) + limit <= size) {
		tree_put(build, out, "memory", tree_new_int(build, limit));
	}
}

struct json_object *parts_install(const struct task *task, struct tree_build *build)
{
	static const char *const entry[] = {CONTRACT_IMAGE_PROGRAM};
	static const char *const command[] = {"install", CONTRACT_DIR};
	struct json_object *out = container(task, CONTRACT_INSTALL_CONTAINER, INSTALL_USER, build);
	struct json_object *mounts = tree_new_list(build), *log = log_of(task);
	const char *driver = tree_string(log, "logDriver");

	tree_put(build, out, "entryPoint", tree_new_strings(build, entry, 1));
	tree_put(build, out, "command", tree_new_strings(build, command, 2));
	tree_push(build, mounts, parts_mount(false, build));
	tree_put(build, out, "mountPoints", mounts);
	/* ECS has whoever logs by awsfirelens wait for the log router, which may wait for us. */
	if (log && driver && strcmp(driver, "awsfirelens") != 0)
		tree_put(build, out, "logConfiguration", json_object_get(log));
	put_memory(task, out, task->policy->install_resources, true, build);
	return out;
}

static struct json_object *agent_environment(const struct task *task, struct tree_build *build)
{
	const struct policy *policy = task->policy;
	struct json_object *env = tree_new_list(build), *containers = tree_new_object(build);
	char workload[sizeof(WORKLOAD) + TASK_NAME_MAX], seconds[16], events[32];

	snprintf(workload, sizeof(workload), WORKLOAD "%s", task->family);
	snprintf(seconds, sizeof(seconds), "%d", policy->agent.heartbeat_seconds);
	snprintf(events, sizeof(events), "%s%s%s", policy->agent.events_process ? "process," : "",
	         policy->agent.events_file ? "file," : "",
	         policy->agent.events_network ? "network," : "");
	if (*events)
		events[strlen(events) - 1] = '\0';
	tree_push(build, env, parts_variable(CONTRACT_ENV_WORKLOAD, workload, build));
	tree_put_string(build, containers, "name", CONTRACT_ENV_CONTAINERS);
	tree_put(build, containers, "value", parts_containers(task, build));
	tree_push(build, env, containers);
	/* Until it is told to end, as it is when an essential container has: one that waits for
	 * another by dependsOn may start long after all others have ended. */
	tree_push(build, env, parts_variable(CONTRACT_ENV_RESTART_POLICY, "Always", build));
	tree_push(build, env, parts_variable(CONTRACT_ENV_HEARTBEAT, seconds, build));
	tree_push(build, env, parts_variable(CONTRACT_ENV_EVENTS, events, build));
	return env;
}

/* As long as the most patient container, whose end the agent waits for. */
static int stop_seconds(const struct task *task)
{
	double most = STOP_SECONDS;

	for (size_t i = 0; i < task->count; i++) {
		double seconds = number_of(task->containers[i].spec, "stopTimeout");

		if (task->containers[i].covered && seconds > most && seconds <= 86400)
			most = seconds;
	}
	return (int)most;
}

struct json_object *parts_agent(const struct task *task, struct tree_build *build)
{
	static const char *const entry[] = {CONTRACT_IMAGE_PROGRAM, "run", "--restart", "--"};
	static const char *const command[] = {CONTRACT_IMAGE_AGENT};
	struct json_object *out = container(task, CONTRACT_AGENT_CONTAINER, AGENT_USER, build);
	struct json_object *depends = tree_new_list(build), *log = log_of(task);
	int seconds = stop_seconds(task);

	tree_put(build, out, "entryPoint", tree_new_strings(build, entry, 4));
	tree_put(build, out, "command", tree_new_strings(build, command, 1));
	tree_put(build, out, "environment", agent_environment(task, build));
	tree_push(build, depends, parts_dependency(build));
	tree_put(build, out, "dependsOn", depends);
	if (log)
		tree_put(build, out, "logConfiguration", json_object_get(log));
	if (seconds > STOP_SECONDS)
		tree_put(build, out, "stopTimeout", tree_new_int(build, seconds));
	put_memory(task, out, task->policy->agent.resources, false, build);
	return out;
}
