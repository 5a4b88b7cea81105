#include "webhook/ecs/task.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/contract.h"
#include "webhook/mutate/tree.h"
#include "webhook/mutate/wrap.h"

static bool is_wrapped(struct json_object *container)
{
	return wrap_count(tree_list(container, "entryPoint")) > 0;
}

bool task_is_install(struct json_object *container)
{
	const char *name = tree_string(container, "name");

	return name && strcmp(name, CONTRACT_INSTALL_CONTAINER) == 0 &&
	       tree_item_is(tree_list(container, "entryPoint"), 0, CONTRACT_IMAGE_PROGRAM) &&
	       tree_item_is(tree_list(container, "command"), 0, "install");
}

bool task_is_agent(struct json_object *container)
{
	struct json_object *entry = tree_list(container, "entryPoint");
	const char *name = tree_string(container, "name");

	return name && strcmp(name, CONTRACT_AGENT_CONTAINER) == 0 &&
	       tree_item_is(entry, 0, CONTRACT_IMAGE_PROGRAM) && tree_item_is(entry, 1, "run") &&
	       tree_item_is(entry, 2, "--restart") &&
	       tree_item_is(tree_list(container, "command"), 0, CONTRACT_IMAGE_AGENT);
}

const char *task_tag(const struct task *task, const char *key)
{
	long at = tree_find(task->tags, "key", key);

	return at >= 0 ? tree_string(tree_at(task->tags, (size_t)at), "value") : NULL;
}

const char *task_pointer(const struct task *task, struct ops *ops, char out[OPS_POINTER_MAX],
                         const char *fmt, ...)
{
	size_t len = strlen(task->pointer);
	va_list args;
	int n;

	memcpy(out, task->pointer, len + 1);
	va_start(args, fmt);
	n = vsnprintf(out + len, OPS_POINTER_MAX - len, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= OPS_POINTER_MAX - len)
		ops->build.failed = true;
	return out;
}

const char *task_preload(struct json_object *variable)
{
	struct json_object *value = tree_get(variable, "value");
	const char *text = tree_string(variable, "value");

	return text && strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

/* Of letters, digits, hyphens and underscores, as ECS has them. */
static bool is_name(const char *name)
{
	size_t len = 0;

	for (; name[len]; len++)
		if (!isalnum((unsigned char)name[len]) && name[len] != '-' && name[len] != '_')
			return false;
	return len > 0 && len <= TASK_NAME_MAX;
}

/* `key` is absent, null or of `type`. */
static bool may_be(struct task *task, struct json_object *object, const char *key,
                   enum json_type type, const char *where)
{
	struct json_object *value = tree_get(object, key);

	if (!value || json_object_is_type(value, type))
		return true;
	snprintf(task->detail, sizeof(task->detail), "%.60s%s%s is no %s", where, *where ? "." : "",
	         key,
	         type == json_type_array    ? "list"
	         : type == json_type_object ? "mapping"
	                                    : "string");
	return false;
}

/* `key` is absent, or a list of objects, each with a string `id` unless that is NULL. */
static bool objects(struct task *task, struct json_object *object, const char *key, const char *id,
                    const char *where)
{
	struct json_object *list = tree_get(object, key);

	if (!may_be(task, object, key, json_type_array, where))
		return false;
	for (size_t i = 0; i < tree_count(list); i++) {
		if (tree_at(list, i) && (!id || tree_string(tree_at(list, i), id)))
			continue;
		snprintf(task->detail, sizeof(task->detail), "%.60s%s%s[%zu] %s%s", where,
		         *where ? "." : "", key, i, id ? "has no " : "is no mapping", id ? id : "");
		return false;
	}
	return true;
}

static bool strings(struct task *task, struct json_object *object, const char *key,
                    const char *where)
{
	struct json_object *list = tree_get(object, key);

	if (!may_be(task, object, key, json_type_array, where))
		return false;
	for (size_t i = 0; i < tree_count(list); i++) {
		if (json_object_is_type(json_object_array_get_idx(list, i), json_type_string))
			continue;
		snprintf(task->detail, sizeof(task->detail), "%.60s.%s[%zu] is no string", where,
		         key, i);
		return false;
	}
	return true;
}

static bool check_container(struct task *task, struct json_object *container, size_t index)
{
	static const char *const mappings[] = {"logConfiguration", "linuxParameters",
	                                       "firelensConfiguration", "dockerLabels",
	                                       "restartPolicy"};
	const char *name = tree_string(container, "name");
	char where[48];

	snprintf(where, sizeof(where), "containerDefinitions[%zu]", index);
	if (!name || !is_name(name)) {
		snprintf(task->detail, sizeof(task->detail),
		         "%s has no name of letters, digits, - and _", where);
		return false;
	}
	for (size_t i = 0; i < sizeof(mappings) / sizeof(*mappings); i++)
		if (!may_be(task, container, mappings[i], json_type_object, where))
			return false;
	return may_be(task, container, "image", json_type_string, where) &&
	       strings(task, container, "entryPoint", where) &&
	       strings(task, container, "command", where) &&
	       objects(task, container, "environment", "name", where) &&
	       objects(task, container, "secrets", "name", where) &&
	       objects(task, container, "environmentFiles", NULL, where) &&
	       objects(task, container, "mountPoints", NULL, where) &&
	       objects(task, container, "dependsOn", "containerName", where);
}

static bool check_shape(struct task *task)
{
	static const char *const words[] = {"networkMode", "pidMode"};
	static const char *const mappings[] = {"runtimePlatform", "proxyConfiguration"};
	struct json_object *list = tree_list(task->spec, "containerDefinitions");

	task->family = tree_string(task->spec, "family");
	if (!task->family || !is_name(task->family)) {
		snprintf(task->detail, sizeof(task->detail),
		         "family is no name of letters, digits, - and _");
		return false;
	}
	if (tree_count(list) == 0) {
		snprintf(task->detail, sizeof(task->detail),
		         "containerDefinitions is no list with containers");
		return false;
	}
	for (size_t i = 0; i < 2; i++)
		if (!may_be(task, task->spec, words[i], json_type_string, "") ||
		    !may_be(task, task->spec, mappings[i], json_type_object, ""))
			return false;
	if (!objects(task, task->spec, "volumes", "name", "") ||
	    !strings(task, task->spec, "requiresCompatibilities", "task"))
		return false;
	for (size_t i = 0; i < tree_count(list); i++)
		if (!check_container(task, tree_at(list, i), i))
			return false;
	return true;
}

/* `[""]` takes the image's entry point away and puts none in its place. */
static bool has_entry(struct json_object *container)
{
	struct json_object *entry = tree_list(container, "entryPoint");

	return tree_count(entry) > 0 && !tree_item_is(entry, 0, "");
}

static enum reason add_container(struct task *task, struct json_object *spec, size_t index)
{
	const char *name = tree_string(spec, "name");

	if (strcmp(name, CONTRACT_INSTALL_CONTAINER) == 0 ||
	    strcmp(name, CONTRACT_AGENT_CONTAINER) == 0) {
		snprintf(task->detail, sizeof(task->detail), "container \"%s\" is the task's own",
		         name);
		return REASON_NAME_COLLISION;
	}
	for (size_t i = 0; i < task->count; i++) {
		if (strcmp(task->containers[i].name, name) != 0)
			continue;
		snprintf(task->detail, sizeof(task->detail), "two containers are named \"%.60s\"",
		         name);
		return REASON_MALFORMED;
	}
	if (task->count == ECS_CONTAINERS_MAX) {
		snprintf(task->detail, sizeof(task->detail), "more than %d containers",
		         ECS_CONTAINERS_MAX);
		return REASON_TOO_LARGE;
	}
	task->containers[task->count++] = (struct task_container){.spec = spec,
	                                                          .name = name,
	                                                          .index = index,
	                                                          .has_entry = has_entry(spec),
	                                                          .wrapped = is_wrapped(spec)};
	return REASON_INJECTED;
}

enum reason task_read(struct task *task, const struct policy *policy, struct json_object *document)
{
	struct json_object *inner = tree_object(document, "taskDefinition"), *list;
	bool is_inner = inner && !tree_has(document, "containerDefinitions");
	enum reason reason = REASON_INJECTED;

	*task = (struct task){.policy = policy,
	                      .spec = is_inner ? inner : document,
	                      .tags = tree_list(document, "tags"),
	                      .pointer = is_inner ? "/taskDefinition" : "",
	                      .family = "",
	                      .install = -1,
	                      .agent = -1};
	if (!check_shape(task))
		return REASON_MALFORMED;
	list = tree_list(task->spec, "containerDefinitions");
	for (size_t i = 0; i < tree_count(list) && reason == REASON_INJECTED; i++) {
		if (task->install < 0 && task_is_install(tree_at(list, i)))
			task->install = (long)i;
		else if (task->agent < 0 && task_is_agent(tree_at(list, i)))
			task->agent = (long)i;
		else
			reason = add_container(task, tree_at(list, i), i);
	}
	task->volume = tree_find(tree_list(task->spec, "volumes"), "name", CONTRACT_VOLUME) >= 0;
	return reason;
}
