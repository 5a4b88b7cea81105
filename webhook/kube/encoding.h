/* encoding.h - base64 (RFC 4648, with padding), as Kubernetes writes bytes in JSON. */
#ifndef FARGUARD_KUBE_ENCODING_H
#define FARGUARD_KUBE_ENCODING_H

#include <stddef.h>

/* The text of `len` bytes, malloc'ed; NULL without memory. */
char *encoding_to_base64(const char *bytes, size_t len);

/* The bytes of `text`, malloc'ed, with a NUL behind them that `*out_len` does not count; NULL when
 * `text` is no base64 or there is no memory. */
char *encoding_from_base64(const char *text, size_t len, size_t *out_len);

#endif
