#include "webhook/registry/config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/own.h"
#include "webhook/registry/images.h"

static void free_list(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

void images_config_done(struct images_config *config)
{
	free_list(config->entrypoint);
	free_list(config->cmd);
	free(config->ld_preload);
	*config = (struct images_config){0};
}

static size_t list_bytes(char *const *list)
{
	size_t bytes = list ? sizeof(*list) : 0;

	for (size_t i = 0; list && list[i]; i++)
		bytes += sizeof(*list) + strlen(list[i]) + 1;
	return bytes;
}

size_t config_bytes(const struct images_config *config)
{
	return list_bytes(config->entrypoint) + list_bytes(config->cmd) +
	       (config->ld_preload ? strlen(config->ld_preload) + 1 : 0);
}

/* Append a copy of `text` to a list with room for it. */
static bool append(char **list, const char *text, size_t at)
{
	char *copy = strdup(text);

	if (!copy)
		return false;
	list[at] = copy;
	return true;
}

static char **copy_list(char *const *list, bool *out_failed)
{
	size_t count = 0;
	char **copy;

	if (!list)
		return NULL;
	while (list[count])
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++)
		if (!append(copy, list[i], i)) {
			free_list(copy);
			copy = NULL;
		}
	*out_failed |= !copy;
	return copy;
}

bool config_copy(const struct images_config *config, struct images_config *out)
{
	bool failed = false;

	*out = (struct images_config){0};
	out->entrypoint = copy_list(config->entrypoint, &failed);
	out->cmd = copy_list(config->cmd, &failed);
	out->ld_preload = config->ld_preload ? strdup(config->ld_preload) : NULL;
	failed |= config->ld_preload && !out->ld_preload;
	if (failed)
		images_config_done(out);
	return !failed;
}
