/* query.h - NAME=VALUE&NAME=VALUE, in a query or a form, with percent signs where needed.
 *
 * Threads  Pure.
 */
#ifndef FARGUARD_REGISTRY_QUERY_H
#define FARGUARD_REGISTRY_QUERY_H

#include <stddef.h>

/* Append to the string in `text`, which has room for `cap` bytes; "&" goes before unless it is
 * empty or ends with '?' or '&'.  Returns 0, or -ENAMETOOLONG, and `text` is as it was. */
int query_add(char *text, size_t cap, const char *name, const char *value, size_t len);

#endif
