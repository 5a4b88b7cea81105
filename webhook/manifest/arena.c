#include "webhook/manifest/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 65536
#define ALIGNMENT   _Alignof(max_align_t)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, cap;
	_Alignas(max_align_t) unsigned char bytes[];
};

static struct arena_chunk *add_chunk(struct arena *arena, size_t bytes)
{
	size_t cap = bytes > CHUNK_BYTES / 4 ? bytes : CHUNK_BYTES;
	struct arena_chunk *chunk = calloc(1, sizeof(*chunk) + cap);

	if (!chunk)
		return NULL;
	chunk->cap = cap;
	/* A chunk of one large piece goes behind the one that still has room. */
	if (cap == bytes && arena->chunks) {
		chunk->next = arena->chunks->next;
		arena->chunks->next = chunk;
	} else {
		chunk->next = arena->chunks;
		arena->chunks = chunk;
	}
	return chunk;
}

void *arena_take(struct arena *arena, size_t bytes)
{
	struct arena_chunk *chunk = arena->chunks;
	void *out;

	if (arena->failed || bytes > SIZE_MAX / 2)
		goto failed;
	bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (!chunk || chunk->cap - chunk->used < bytes)
		chunk = add_chunk(arena, bytes);
	if (!chunk)
		goto failed;
	out = chunk->bytes + chunk->used;
	chunk->used += bytes;
	return out;
failed:
	arena->failed = true;
	return NULL;
}

struct str arena_copy(struct arena *arena, struct str text)
{
	char *copy = arena_take(arena, text.len + 1);

	if (!copy)
		return (struct str){NULL, 0};
	if (text.len)
		memcpy(copy, text.ptr, text.len);
	return (struct str){copy, text.len};
}

void arena_done(struct arena *arena)
{
	while (arena->chunks) {
		struct arena_chunk *chunk = arena->chunks;

		arena->chunks = chunk->next;
		free(chunk);
	}
	arena->failed = false;
}
