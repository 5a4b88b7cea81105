/* arena.h - memory that lives as long as a manifest and is released at once.
 *
 * Why      Nodes are shared, moved and dropped by edits; none of that has to be tracked.
 * Owns     Its chunks, until arena_done().
 * Errors   Sticky: NULL once memory ran out, and `failed` says so.
 */
#ifndef FARGUARD_MANIFEST_ARENA_H
#define FARGUARD_MANIFEST_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "injector/base/str.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;
	bool failed;
};

/* `bytes` zeroed bytes, aligned for anything, or NULL. */
void *arena_take(struct arena *arena, size_t bytes);

/* A copy of `text` with a NUL behind it; `ptr` is NULL without memory. */
struct str arena_copy(struct arena *arena, struct str text);

void arena_done(struct arena *arena);

#endif
