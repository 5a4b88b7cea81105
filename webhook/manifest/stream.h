/* stream.h - the documents of one file, in order, with what stands between them. */
#ifndef FARGUARD_MANIFEST_STREAM_H
#define FARGUARD_MANIFEST_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "webhook/manifest/arena.h"
#include "webhook/manifest/node.h"

struct err;

struct document {
	struct node *root;
	struct str lead;     /* JSON: what stands before it */
	size_t line, column; /* from 1 */
	bool explicit_start; /* YAML: it had a "---" line */
};

struct stream {
	struct arena arena;
	const char *name; /* the file's, for messages */
	struct document *documents;
	size_t count, cap;
	size_t node_count, node_max; /* node_max 0: MANIFEST_NODES_MAX */
	struct str tail;             /* JSON: what stands behind the last one */
	bool crlf;                   /* YAML: lines end with CR and LF */
};

/* Append `document`.  Returns 0 or -ENOMEM with `err` set. */
int stream_add(struct stream *stream, struct document document, struct err *err);

/* A new node at a place, counted; NULL with `err` set. */
struct node *stream_node(struct stream *stream, enum node_kind kind, size_t line, size_t column,
                         struct err *err);

/* "NAME:LINE:COLUMN: ..." in `err`; returns -EINVAL. */
int stream_error(const struct stream *stream, size_t line, size_t column, struct err *err,
                 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* "NAME: out of memory"; returns -ENOMEM. */
int stream_no_memory(const struct stream *stream, struct err *err);

void stream_done(struct stream *stream);

#endif
