/* values.h - how much a JSON text would be as a tree, told from the text.
 *
 * Why      An empty object is two bytes of text and some hundred of memory: a review of 8 MiB could
 *          take 2 GiB, and with them the webhook.
 * Threads  Pure.
 */
#ifndef FARGUARD_MUTATE_VALUES_H
#define FARGUARD_MUTATE_VALUES_H

#include <stdbool.h>
#include <stddef.h>

/* Whether `text` has more than `max` values: members and elements, and what opens a level.  A text
 * that is no JSON gives an answer too. */
bool values_exceed(const char *text, size_t len, size_t max);

#endif
