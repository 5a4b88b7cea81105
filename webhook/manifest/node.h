/* node.h - a document as a tree that keeps how each part was written.
 *
 * Why      One tree for YAML and JSON: both are shown as JSON, searched and edited alike, and a
 *          document read as one can be printed as the other.
 * Owns     Nothing: nodes live in an arena, and slices of JSON in the text it was read from.
 */
#ifndef FARGUARD_MANIFEST_NODE_H
#define FARGUARD_MANIFEST_NODE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "injector/base/str.h"
#include "webhook/manifest/arena.h"

enum node_kind { NODE_MAP, NODE_LIST, NODE_SCALAR };
enum node_type { NODE_NULL, NODE_BOOL, NODE_NUMBER, NODE_STRING };

struct node {
	enum node_kind kind : 8;
	enum node_type type : 8; /* of a scalar */
	unsigned char style;     /* libyaml's, for its kind */
	bool merged;             /* a key that a merge key brought */
	uint32_t line, column;   /* from 1; 0 when it was not read */
	const char *tag;         /* as YAML gave it, or NULL */
	union {
		struct {
			struct str text;    /* as YAML has it, without quotes */
			struct str meaning; /* a string's bytes, or the value in JSON's spelling */
			struct str source;  /* as it stands in JSON text; ptr NULL otherwise */
		};
		struct {
			struct member *members;
			uint32_t count, cap;
			struct str close; /* JSON: white space before the closing bracket; ptr NULL
			                     when it was not read */
		};
	};
};

/* White space around a member in JSON text; `mid` has the colon. */
struct spacing {
	struct str lead, mid, trail;
};

struct member {
	struct node *key; /* a string scalar; NULL in a list */
	struct node *value;
	const struct spacing *spacing; /* NULL when it was not read from JSON */
};

/* A new node, or NULL without memory. */
struct node *node_new(struct arena *arena, enum node_kind kind);

/* A new string scalar that no file had, with `text` copied.  Returns 0, -ENOMEM, or -EILSEQ for
 * text that is no UTF-8. */
int node_string(struct arena *arena, struct str text, struct node **out);

/* Insert before `index` (at most count).  Returns 0 or -ENOMEM. */
int node_insert(struct arena *arena, struct node *node, size_t index, struct member member);
void node_remove(struct node *node, size_t index);

/* Index of the last member `key` of a map, or -1. */
long node_find(const struct node *map, struct str key);

/* Its value, or NULL; NULL also when `node` is NULL or no map. */
struct node *node_get(const struct node *node, const char *key);

/* The bytes of a string scalar, else NULL; also NULL for NULL and for a string with a NUL in it. */
const char *node_text(const struct node *node);

/* Same values of the same types with the same keys in the same order. */
bool node_equal(const struct node *a, const struct node *b);

/* As JSON for programs.  Of members with the same key the last one counts.  Returns 0 with `*out`
 * (NULL for null), or -ENOMEM. */
int node_to_json(const struct node *node, struct json_object **out);

/* A node that says what `value` does, copied.  Returns 0, -ENOMEM, -EILSEQ for text that is no
 * UTF-8, or -E2BIG when it is deeper than MANIFEST_DEPTH_MAX, standing at `depth`. */
int node_from_json(struct arena *arena, struct json_object *value, unsigned depth,
                   struct node **out);

#endif
