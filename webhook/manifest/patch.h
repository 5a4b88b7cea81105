/* patch.h - change nodes as RFC 6902 operations say. */
#ifndef FARGUARD_MANIFEST_PATCH_H
#define FARGUARD_MANIFEST_PATCH_H

#include <json-c/json.h>

#include "webhook/manifest/node.h"

struct err;

/* Apply add, remove and replace operations to `root`, which stands at `depth` in its document.
 * Returns 0 or -errno with `err` naming the operation; `root` may then be half changed. */
int patch_apply(struct arena *arena, struct node *root, unsigned depth, struct json_object *patch,
                struct err *err);

#endif
