/* glob.h - Go's filepath.Match for one label of a host: *, ?, [a-z], [^a] and \.
 *
 * Why      fnmatch(3) takes exponential time on "*a*a*a*b", and the pattern is a stranger's.
 * Threads  Pure.
 */
#ifndef FARGUARD_REGISTRY_GLOB_H
#define FARGUARD_REGISTRY_GLOB_H

#include <stdbool.h>

#include "injector/base/str.h"

/* Whether all of `text` fits `pattern`; false when `pattern` is none. */
bool glob_match(struct str pattern, struct str text);

#endif
