#include "webhook/manifest/stream.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/err.h"
#include "webhook/manifest/manifest.h"

int stream_add(struct stream *stream, struct document document, struct err *err)
{
	if (stream->count == stream->cap) {
		size_t cap = stream->cap ? stream->cap * 2 : 8;
		struct document *grown = arena_take(&stream->arena, cap * sizeof(*grown));

		if (!grown)
			return stream_no_memory(stream, err);
		if (stream->count)
			memcpy(grown, stream->documents, stream->count * sizeof(*grown));
		stream->documents = grown;
		stream->cap = cap;
	}
	stream->documents[stream->count++] = document;
	return 0;
}

struct node *stream_node(struct stream *stream, enum node_kind kind, size_t line, size_t column,
                         struct err *err)
{
	size_t max = stream->node_max ? stream->node_max : MANIFEST_NODES_MAX;
	struct node *node;

	if (stream->node_count >= max) {
		stream_error(stream, line, column, err, "more than %zu values", max);
		return NULL;
	}
	node = node_new(&stream->arena, kind);
	if (!node) {
		stream_no_memory(stream, err);
		return NULL;
	}
	stream->node_count++;
	node->line = (uint32_t)line;
	node->column = (uint32_t)column;
	return node;
}

int stream_error(const struct stream *stream, size_t line, size_t column, struct err *err,
                 const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return err_set(err, EINVAL, "%.150s:%zu:%zu: %s", stream->name, line, column, text);
}

int stream_no_memory(const struct stream *stream, struct err *err)
{
	return err_set(err, ENOMEM, "%.150s: out of memory", stream->name);
}

void stream_done(struct stream *stream)
{
	arena_done(&stream->arena);
	*stream = (struct stream){0};
}
