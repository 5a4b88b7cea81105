/* to_yaml.h - print documents as YAML, each scalar in its own text and style.
 *
 * Why      libyaml's emitter has to be held to what it was given: what it wrote is read again and
 *          compared, and styles that it gets wrong are replaced by double quotes.
 */
#ifndef FARGUARD_MANIFEST_TO_YAML_H
#define FARGUARD_MANIFEST_TO_YAML_H

#include "webhook/manifest/stream.h"
#include "webhook/manifest/text.h"

/* Append all documents to `out`; `first` is false when text with documents stands before it.
 * Returns 0 or -errno with `err` set. */
int to_yaml(const struct stream *stream, bool first, struct text *out, struct err *err);

#endif
