/* definition.h - ECS task definitions, told from other documents by their shape.
 *
 * Why      They name no kind; what a file is called says nothing.
 */
#ifndef FARGUARD_MANIFEST_DEFINITION_H
#define FARGUARD_MANIFEST_DEFINITION_H

#include <stdbool.h>

#include "webhook/manifest/node.h"

#define DEFINITION_KIND "TaskDefinition"

/* The map with `family` and `containerDefinitions`: `node` itself, as register-task-definition
 * takes it, or its member `taskDefinition`, as describe-task-definition gives it; NULL for all
 * else. */
const struct node *definition_find(const struct node *node);

/* Whether `node` is a list of nothing but task definitions, of one at least. */
bool definition_is_list(const struct node *node);

#endif
