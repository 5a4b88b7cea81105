/* field.h - the fields of an entry by name and type, with a place for what is wrong.
 *
 * Why      As kubectl reads them: unknown keys are ignored, null and "" are as good as nothing, and
 *          a wrong type is an error.
 * Errors   -EINVAL with "FILE:LINE:COLUMN: ..." in `err`; -ENOMEM.
 */
#ifndef FARGUARD_KUBECONFIG_FIELD_H
#define FARGUARD_KUBECONFIG_FIELD_H

#include <stdbool.h>

#include "webhook/kubeconfig/files.h"

/* "FILE:LINE:COLUMN: ..." of `entry`; -EINVAL. */
int field_error(struct entry entry, struct err *err, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

/* Each reads member `key` of `entry`, whose node may be NULL.  Borrowed; NULL when it is not
 * there. */
int field_string(struct entry entry, const char *key, const char **out, struct err *err);
int field_bool(struct entry entry, const char *key, bool *out, struct err *err);
int field_list(struct entry entry, const char *key, struct entry *out, struct err *err);
int field_map(struct entry entry, const char *key, struct entry *out, struct err *err);

/* The bytes of a string in base64, in `arena`; ptr NULL when it is not there. */
int field_bytes(struct entry entry, const char *key, struct arena *arena, struct str *out,
                struct err *err);

/* A path, in `arena` where it had to be completed: relative ones belong to the file's directory. */
int field_path(struct entry entry, const char *key, struct arena *arena, const char **out,
               struct err *err);

/* `path`, completed likewise; NULL without memory. */
const char *field_complete(struct entry entry, const char *path, struct arena *arena);

#endif
