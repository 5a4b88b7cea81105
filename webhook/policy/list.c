#include "webhook/policy/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int list_push(struct policy_list *list, const char *text)
{
	char **items = reallocarray(list->items, list->count + 1, sizeof(*items));
	char *copy = strdup(text);

	if (items)
		list->items = items;
	if (!items || !copy) {
		free(copy);
		return -ENOMEM;
	}
	list->items[list->count++] = copy;
	return 0;
}

void list_done(struct policy_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct policy_list){0};
}
