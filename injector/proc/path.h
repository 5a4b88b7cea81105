/* path.h - a path as the caller gave it, made absolute by text alone.
 *
 * Why      What a process opened is long gone when its record is read, and lies in another
 *          container: "." and ".." are resolved as written, symbolic links are not.
 * Owns     Nothing.
 */
#ifndef FARGUARD_PROC_PATH_H
#define FARGUARD_PROC_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "injector/base/str.h"

/* Write `path`, below `cwd` when it is relative, to `out` without "//", "." and "..", and return
 * its length; without a `cwd` a relative path stays relative.  What does not fit is cut and
 * `*out_cut` set; `out` ends with a NUL. */
size_t path_join(struct str cwd, struct str path, char *out, size_t cap, bool *out_cut);

/* What stands behind the last slash. */
struct str path_name(struct str path);

#endif
