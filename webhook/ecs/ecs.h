/* ecs.h - an ECS task definition in, a minimal RFC 6902 patch out: mutate.h for Fargate's other
 * half.
 *
 * Why      A task is rewritten as a pod is, by the same payload; what ECS has no word for (subPath,
 *          init containers, annotations) is done with what it has, or reported as not covered.
 * Limits   ECS's own: ECS_CONTAINERS_MAX containers and ECS_BYTES_MAX bytes with ours.
 * Threads  Pure: no descriptor, clock, log or global.
 * Errors   As mutate_pod(): in doubt the patch is empty and the reason says why.
 */
#ifndef FARGUARD_ECS_ECS_H
#define FARGUARD_ECS_ECS_H

#include <json-c/json.h>
#include <stdbool.h>

#include "webhook/mutate/mutate.h"
#include "webhook/policy/policy.h"

/* Amazon ECS service quotas: containers of a task definition, and its size. */
#define ECS_CONTAINERS_MAX 10
#define ECS_BYTES_MAX      65536

/* Decide about `document`, what register-task-definition takes or what describe-task-definition
 * gives ({"taskDefinition","tags"}; borrowed, not changed), and build the patch, relative to it.
 * `inject` is what stands for the namespace's farguard.io/inject, or NULL.  The detail is never
 * empty for a definition that is left alone.  mutate_result_done() afterwards. */
void ecs_inject(const struct policy *policy, const char *inject, struct json_object *document,
                struct mutate_result *out);

/* The patch that takes Farguard out of `document` again; empty when there is nothing of ours.
 * Caller puts it; NULL only without memory. */
struct json_object *ecs_undo(struct json_object *document);

/* Whether `document` has members that describe-task-definition gives and register-task-definition
 * refuses. */
bool ecs_is_described(struct json_object *document);

#endif
