/* slurp.h - read a descriptor to its end. */
#ifndef FARGUARD_CTL_SLURP_H
#define FARGUARD_CTL_SLURP_H

#include <stddef.h>

/* All that `fd` has, malloc'ed, with a NUL behind it that does not count.  Returns 0, -EFBIG
 * beyond `bytes_max`, or -errno; nothing is given on failure. */
int slurp(int fd, size_t bytes_max, char **out_bytes, size_t *out_len);

#endif
