/* writer.h - JSON text in a buffer that grows.
 *
 * Why      json-c writes a tree into a buffer of the tree's own, escaping byte by byte; an answer
 * is put together from several. Owns     `bytes`, until writer_done() or until the caller takes
 * them. Errors   Sticky: after a failed allocation every call is a no-op and `failed` says so.
 */
#ifndef FARGUARD_MUTATE_WRITER_H
#define FARGUARD_MUTATE_WRITER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

struct writer {
	char *bytes; /* NUL-terminated, once something was added */
	size_t len, cap;
	bool failed;
};

void writer_done(struct writer *writer);

/* Append `len` bytes that the caller writes to the place returned; NULL without memory. */
char *writer_extend(struct writer *to, size_t len);

/* Append `literal` as it stands. */
void writer_add(struct writer *to, const char *literal);

/* Append `len` bytes as a JSON string. */
void writer_add_string(struct writer *to, const char *string, size_t len);

/* Append `value` as JSON without blanks, as json-c writes it. */
void writer_add_json(struct writer *to, struct json_object *value);

#endif
