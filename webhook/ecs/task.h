/* task.h - a task definition, looked at: whether it is one that we can read, and what is in it.
 *
 * Owns     Nothing: everything points into the document and the policy.
 * Limits   ECS_CONTAINERS_MAX containers; a definition with more is none.
 */
#ifndef FARGUARD_ECS_TASK_H
#define FARGUARD_ECS_TASK_H

#include <stdbool.h>
#include <stddef.h>

#include "webhook/ecs/ecs.h"
#include "webhook/mutate/ops.h"

#define TASK_DETAIL_MAX 160
#define TASK_NAME_MAX   255

struct task_container {
	struct json_object *spec;
	const char *name;
	size_t index;   /* in containerDefinitions */
	bool has_entry; /* an entryPoint that a program can be put in front of */
	bool wrapped;   /* by us */
	bool selected, covered;
	const char *how;    /* covered */
	const char *reason; /* not covered */
};

struct task {
	const struct policy *policy; /* may be NULL where nothing is decided */
	struct json_object *spec;    /* has containerDefinitions */
	struct json_object *tags;    /* a list, or NULL */
	const char *pointer;         /* of `spec` in the document: "" or "/taskDefinition" */
	const char *family;
	long install, agent;   /* ours, as they stand there already: indexes, or -1 */
	bool volume;           /* ours stands there */
	enum policy_pid1 pid1; /* of what is wrapped now */
	/* A tag's key whose value is not known, and that value, or NULL. */
	const char *unknown_key, *unknown;
	char detail[TASK_DETAIL_MAX];
	size_t count;
	struct task_container containers[ECS_CONTAINERS_MAX]; /* without ours */
};

/* Look at `document`.  REASON_INJECTED, or why it is left alone with `detail` set: malformed,
 * too-large, or name-collision where a container only has the name of ours. */
enum reason task_read(struct task *task, const struct policy *policy, struct json_object *document);

/* Ours stand in it. */
static inline bool task_is_repair(const struct task *task)
{
	return task->install >= 0 || task->agent >= 0;
}

/* Whether a container of ours by its name and by what it runs. */
bool task_is_install(struct json_object *container);
bool task_is_agent(struct json_object *container);

/* The tag of that key, or NULL. */
const char *task_tag(const struct task *task, const char *key);

/* Write "POINTER/fmt..." of something in the task definition. */
const char *task_pointer(const struct task *task, struct ops *ops, char out[OPS_POINTER_MAX],
                         const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The value of LD_PRELOAD in a container's `environment`, when it is text that can be added to. */
const char *task_preload(struct json_object *variable);

#endif
