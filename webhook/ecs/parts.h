/* parts.h - what Farguard adds to a task definition: two containers, a volume, and entries. */
#ifndef FARGUARD_ECS_PARTS_H
#define FARGUARD_ECS_PARTS_H

#include "webhook/ecs/task.h"

/* farguard-install without its label. */
struct json_object *parts_install(const struct task *task, struct tree_build *build);

struct json_object *parts_agent(const struct task *task, struct tree_build *build);

struct json_object *parts_volume(struct tree_build *build);
struct json_object *parts_mount(bool read_only, struct tree_build *build);

/* {"name","value"} */
struct json_object *parts_variable(const char *name, const char *value, struct tree_build *build);

/* {"containerName":"farguard-install","condition":"SUCCESS"} */
struct json_object *parts_dependency(struct tree_build *build);

/* The name by which launcher and agent know the container: they take PARTS_NAME_MAX bytes. */
#define PARTS_NAME_MAX 63
struct json_object *parts_name(const struct task_container *c, struct tree_build *build);

/* The value of CONTRACT_ENV_CONTAINERS. */
struct json_object *parts_containers(const struct task *task, struct tree_build *build);

#endif
