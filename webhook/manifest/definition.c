#include "webhook/manifest/definition.h"

static bool is_definition(const struct node *node)
{
	const struct node *containers = node_get(node, "containerDefinitions");

	return containers && containers->kind == NODE_LIST && node_text(node_get(node, "family"));
}

const struct node *definition_find(const struct node *node)
{
	const struct node *inner = node_get(node, "taskDefinition");

	/* An object of Kubernetes may hold anything. */
	if (node_get(node, "kind") || node_get(node, "apiVersion"))
		return NULL;
	if (node_get(node, "containerDefinitions"))
		return is_definition(node) ? node : NULL;
	return is_definition(inner) ? inner : NULL;
}

bool definition_is_list(const struct node *node)
{
	if (!node || node->kind != NODE_LIST)
		return false;
	for (size_t i = 0; i < node->count; i++)
		if (!definition_find(node->members[i].value))
			return false;
	return node->count > 0;
}
