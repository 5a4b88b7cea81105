/* from_yaml.h - read YAML as Kubernetes does.
 *
 * Why      Aliases and merge keys are resolved while reading, so that an edit meets a tree in
 *          which nothing is shared; merging goes by order, as yaml.v2 does it.
 * Limits   FROM_YAML_ANCHORS_MAX anchors a document, FROM_YAML_MERGE_MAX keys in a map that
 *          merges; what aliases stand for counts against MANIFEST_NODES_MAX.
 */
#ifndef FARGUARD_MANIFEST_FROM_YAML_H
#define FARGUARD_MANIFEST_FROM_YAML_H

#include "webhook/manifest/stream.h"

#define FROM_YAML_ANCHORS_MAX 1000
#define FROM_YAML_MERGE_MAX   4096

/* Append all documents in `text` to `stream`; empty ones are left out.  Returns 0 or -errno with
 * `err` set. */
int from_yaml(struct stream *stream, struct str text, struct err *err);

#endif
