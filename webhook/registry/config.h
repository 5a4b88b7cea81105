/* config.h - an images_config: how large, and once more. */
#ifndef FARGUARD_REGISTRY_CONFIG_H
#define FARGUARD_REGISTRY_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

struct images_config;

/* Bytes of what it holds. */
size_t config_bytes(const struct images_config *config);

/* Copy to `out`; false without memory, and `out` is empty then. */
bool config_copy(const struct images_config *config, struct images_config *out);

#endif
