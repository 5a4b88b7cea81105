#include "webhook/manifest/to_json.h"

#include <stdio.h>
#include <string.h>

/* How members without white space of their own are set. */
struct layout {
	bool lines;        /* each on its own line */
	struct str indent; /* of the line that the collection begins on, together with ... */
	unsigned levels;   /* ... so many units */
	struct str unit;
	struct str mid; /* the colon and what is around it */
};

static const struct layout new_layout = {
        .lines = true,
        .indent = {"", 0},
        .unit = {"    ", 4},
        .mid = {": ", 2},
};

static void write_string(struct text *out, struct str bytes)
{
	size_t start = 0;

	text_add(out, STR("\""));
	for (size_t i = 0; i < bytes.len; i++) {
		static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
		unsigned char c = (unsigned char)bytes.ptr[i];
		const char *hit = c ? strchr(escaped, c) : NULL;
		char escape[8];

		if (!hit && c >= 0x20 && c != 0x7f)
			continue;
		if (hit)
			snprintf(escape, sizeof(escape), "\\%c", letters[hit - escaped]);
		else
			snprintf(escape, sizeof(escape), "\\u%04x", c);
		text_add(out, (struct str){bytes.ptr + start, i - start});
		text_add(out, (struct str){escape, strlen(escape)});
		start = i + 1;
	}
	text_add(out, (struct str){bytes.ptr + start, bytes.len - start});
	text_add(out, STR("\""));
}

static void write_scalar(struct text *out, const struct node *node, bool key)
{
	if (node->source.ptr)
		text_add(out, node->source);
	else if (key || node->type == NODE_STRING)
		write_string(out, node->meaning);
	else
		text_add(out, node->meaning);
}

static void write_line(struct text *out, const struct layout *layout)
{
	text_add(out, STR("\n"));
	text_add(out, layout->indent);
	for (unsigned i = 0; i < layout->levels; i++)
		text_add(out, layout->unit);
}

/* What stands behind the last line break of `space`, with ptr NULL when there is none. */
static struct str indent_of(struct str space)
{
	const char *line = space.len ? memrchr(space.ptr, '\n', space.len) : NULL;

	if (!line)
		return (struct str){NULL, 0};
	return (struct str){line + 1, space.len - (size_t)(line + 1 - space.ptr)};
}

/* How the members of `node` are set: as those that were read, else one level below `around`. */
static struct layout layout_of(const struct node *node, const struct layout *around)
{
	struct layout layout = *around;
	bool found = false;

	layout.levels++;
	for (size_t i = 0; i < node->count; i++) {
		const struct spacing *spacing = node->members[i].spacing;
		struct str indent;

		if (!spacing || !spacing->lead.ptr)
			continue;
		if (node->kind == NODE_MAP && spacing->mid.ptr)
			layout.mid = spacing->mid;
		if (found)
			continue;
		found = true;
		indent = indent_of(spacing->lead);
		layout.lines = indent.ptr != NULL;
		if (!layout.lines)
			continue;
		/* One level is what this line has more than the one around it. */
		if (around->levels == 0 && indent.len > around->indent.len &&
		    (!around->indent.len ||
		     memcmp(indent.ptr, around->indent.ptr, around->indent.len) == 0))
			layout.unit = (struct str){indent.ptr + around->indent.len,
			                           indent.len - around->indent.len};
		layout.indent = indent;
		layout.levels = 0;
	}
	return layout;
}

static void write_value(struct text *out, const struct node *node, const struct layout *around);

static void write_member(struct text *out, const struct member *member, size_t index,
                         const struct layout *layout)
{
	static const struct spacing none = {0};
	const struct spacing *spacing = member->spacing ? member->spacing : &none;

	if (spacing->lead.ptr)
		text_add(out, spacing->lead);
	else if (layout->lines)
		write_line(out, layout);
	else if (index > 0 && layout->mid.len > 1)
		text_add(out, STR(" "));
	if (member->key) {
		write_scalar(out, member->key, true);
		text_add(out, spacing->mid.ptr ? spacing->mid : layout->mid);
	}
	write_value(out, member->value, layout);
}

/* Depth is at most MANIFEST_DEPTH_MAX: readers and edits see to it. */
static void write_value(struct text *out, const struct node *node, const struct layout *around)
{
	struct layout layout;

	if (node->kind == NODE_SCALAR) {
		write_scalar(out, node, false);
		return;
	}
	layout = layout_of(node, around);
	text_add(out, node->kind == NODE_MAP ? STR("{") : STR("["));
	for (size_t i = 0; i < node->count; i++) {
		if (i > 0)
			text_add(out, STR(","));
		write_member(out, &node->members[i], i, &layout);
		if (i + 1 < node->count && node->members[i].spacing)
			text_add(out, node->members[i].spacing->trail);
	}
	if (node->close.ptr)
		text_add(out, node->close);
	else if (node->count && layout.lines)
		write_line(out, around);
	text_add(out, node->kind == NODE_MAP ? STR("}") : STR("]"));
}

/* White space before a document; a byte order mark only where the text begins, and a line break
 * where the text before may have none. */
static void write_lead(struct text *out, struct str lead, bool first)
{
	if (first || !lead.ptr) {
		text_add(out, lead);
		return;
	}
	if (lead.len >= 3 && memcmp(lead.ptr, "\xef\xbb\xbf", 3) == 0)
		lead = (struct str){lead.ptr + 3, lead.len - 3};
	if (!lead.len)
		text_add(out, STR("\n"));
	text_add(out, lead);
}

void to_json(const struct stream *stream, bool first, struct text *out)
{
	for (size_t i = 0; i < stream->count; i++) {
		const struct document *document = &stream->documents[i];

		write_lead(out, document->lead, first || i > 0);
		write_value(out, document->root, &new_layout);
		if (!document->lead.ptr)
			text_add(out, STR("\n"));
	}
	text_add(out, stream->tail);
}
