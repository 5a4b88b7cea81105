/* ours.h - the containers and volumes that Farguard adds to a pod. */
#ifndef FARGUARD_MUTATE_OURS_H
#define FARGUARD_MUTATE_OURS_H

#include "webhook/mutate/plan.h"
#include "webhook/mutate/tree.h"

/* farguard-install, as it stands in initContainers. */
struct json_object *ours_install(const struct plan *plan, struct tree_build *build);

/* farguard-agent; `spool` mounts what init containers leave behind. */
struct json_object *ours_agent(const struct plan *plan, bool spool, struct tree_build *build);

/* An emptyDir of at most `size`, or of any size when NULL. */
struct json_object *ours_volume(const char *name, const char *size, struct tree_build *build);

/* Whether a volume of this name (or NULL) is one of ours. */
bool ours_is_volume(const char *name);

/* A mount; `sub_path` may be NULL. */
struct json_object *ours_mount(const char *volume, const char *path, const char *sub_path,
                               bool read_only, struct tree_build *build);

/* {"name","value"}. */
struct json_object *ours_variable(const char *name, const char *value, struct tree_build *build);

/* The value of CONTRACT_ENV_CONTAINERS. */
struct json_object *ours_containers(const struct plan *plan, struct tree_build *build);

/* The user that all containers of the pod share and that is not root, or OURS_UID. */
long ours_uid(const struct plan *plan);
#define OURS_UID 65532

#endif
