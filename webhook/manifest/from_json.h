/* from_json.h - read JSON (RFC 8259), keeping where each part stands in the text. */
#ifndef FARGUARD_MANIFEST_FROM_JSON_H
#define FARGUARD_MANIFEST_FROM_JSON_H

#include "webhook/manifest/stream.h"

/* Append the values in `text`, which must outlive `stream`.  Returns 0 or -errno with `err` set;
 * `*out_offset` is then where reading stopped. */
int from_json(struct stream *stream, struct str text, size_t *out_offset, struct err *err);

#endif
