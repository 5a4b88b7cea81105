/* to_json.h - print documents as JSON: what was read, to the byte; what is new, as its
 * surroundings are laid out. */
#ifndef FARGUARD_MANIFEST_TO_JSON_H
#define FARGUARD_MANIFEST_TO_JSON_H

#include "webhook/manifest/stream.h"
#include "webhook/manifest/text.h"

/* Append all documents to `out`; documents that were read as YAML take a line of their own each
 * and are indented; `first` is false when text stands before it.  Failures are
 * `out`'s. */
void to_json(const struct stream *stream, bool first, struct text *out);

#endif
