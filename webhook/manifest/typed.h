/* typed.h - what a YAML scalar is, as Kubernetes reads it.
 *
 * Why      sigs.k8s.io/yaml resolves scalars as YAML 1.1 with Go's numbers: `y` and `off` are
 *          booleans, 0644 is 420, 08 is 8, 1_000 is 1000, 1:30 is text.
 */
#ifndef FARGUARD_MANIFEST_TYPED_H
#define FARGUARD_MANIFEST_TYPED_H

#include <stdbool.h>

#include "webhook/manifest/node.h"

/* Set type and meaning of the scalar `node`, whose text, tag and style are set; `implicit` means
 * that it is plain and has no tag.  Returns NULL, or what is wrong with it. */
const char *typed_resolve(struct arena *arena, struct node *node, bool implicit);

/* Whether some YAML reader takes plain `text` for something other than a string. */
bool typed_is_ambiguous(struct str text);

/* Whether `text` is a number by RFC 8259. */
bool typed_is_json_number(struct str text);

#endif
