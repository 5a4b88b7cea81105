/* uid.h - find a request's uid in a text that is not going to be parsed.
 *
 * Why      A request that is too large or too deep is still to be answered "allowed", and the
 *          answer must carry its uid.
 * Limits   Reads forward once, without recursion; only a uid without escapes is found.
 */
#ifndef FARGUARD_MUTATE_UID_H
#define FARGUARD_MUTATE_UID_H

#include <stdbool.h>
#include <stddef.h>

/* Copy the string at /request/uid of the JSON text `text` to `out_uid`; false when it is not
 * found, is empty or does not fit. */
bool uid_find(const char *text, size_t len, char *out_uid, size_t cap);

#endif
