#include "webhook/manifest/to_yaml.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/manifest/from_yaml.h"
#include "webhook/manifest/manifest.h"
#include "webhook/manifest/stand_in.h"
#include "webhook/manifest/typed.h"

struct writing {
	yaml_emitter_t emitter;
	bool quote; /* all but plain single lines in double quotes */
	struct stand_in *stand_in;
	struct text scratch;
};

/* yaml_emitter_emit() consumes the event, also when it fails. */
static bool emit(struct writing *writing, yaml_event_t *event)
{
	return yaml_emitter_emit(&writing->emitter, event) != 0;
}

/* libyaml copies what it is given; its types are just not const. */
static yaml_char_t *bytes_of(const char *text)
{
	union {
		const char *in;
		yaml_char_t *out;
	} cast = {.in = text};

	return cast.out;
}

static bool is_word(unsigned char c)
{
	return c >= 0x80 || (c > ' ' && c != 0x7f);
}

/* Whether plain `text` reads as itself in every context. */
static bool is_plain(struct str text)
{
	if (!text.len || typed_is_ambiguous(text) || strchr("-?:,[]{}#&*!|>'\"%@`", text.ptr[0]))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!is_word((unsigned char)text.ptr[i]) || strchr(",[]{}#", text.ptr[i]) ||
		    (text.ptr[i] == ':' && i + 1 == text.len))
			return false;
	return true;
}

/* A scalar that no YAML file had: as plain as can be. */
static void style_new(const struct node *node, bool *plain, int *style)
{
	*plain = node->type != NODE_STRING || is_plain(node->text);
	*style = *plain ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	if (!*plain && node->text.len && !memchr(node->text.ptr, '\n', node->text.len) &&
	    memchr(node->text.ptr, '"', node->text.len))
		*style = YAML_SINGLE_QUOTED_SCALAR_STYLE;
}

static bool write_scalar(struct writing *writing, const struct node *node, bool flow)
{
	struct str text = node->text;
	int style = node->style;
	const char *ascii;
	bool plain = style == YAML_PLAIN_SCALAR_STYLE && !node->tag;
	bool quoted = !node->tag && (!plain || node->type == NODE_STRING);
	yaml_event_t event;

	if (style == YAML_ANY_SCALAR_STYLE) {
		style_new(node, &plain, &style);
		quoted = node->type == NODE_STRING;
	}
	/* The emitter has no nothing in flow style; it would write ''. */
	if (flow && node->type == NODE_NULL && plain && text.len == 0)
		text = STR("null");
	if (writing->quote && !plain && !(node->tag && style == YAML_PLAIN_SCALAR_STYLE))
		style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	if (writing->quote && plain && node->type == NODE_STRING &&
	    memchr(text.ptr, '\n', text.len)) {
		style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;
		plain = false;
		quoted = true;
	}
	ascii = style == YAML_LITERAL_SCALAR_STYLE ? "\t" : flow && plain ? ":?" : "";
	if (stand_in_needs(text, ascii)) {
		writing->scratch.len = 0;
		stand_in_encode(writing->stand_in, text, ascii, &writing->scratch);
		if (writing->scratch.failed)
			return false;
		text = (struct str){writing->scratch.bytes, writing->scratch.len};
	}
	return yaml_scalar_event_initialize(&event, NULL, bytes_of(node->tag), bytes_of(text.ptr),
	                                    (int)text.len, plain, quoted,
	                                    (yaml_scalar_style_t)style) &&
	       emit(writing, &event);
}

static bool write_node(struct writing *writing, const struct node *node, bool flow);

static bool write_members(struct writing *writing, const struct node *node, bool flow)
{
	for (size_t i = 0; i < node->count; i++) {
		if (node->kind == NODE_MAP && !write_scalar(writing, node->members[i].key, flow))
			return false;
		if (!write_node(writing, node->members[i].value, flow))
			return false;
	}
	return true;
}

/* Depth is at most MANIFEST_DEPTH_MAX: readers and edits see to it. */
static bool write_node(struct writing *writing, const struct node *node, bool flow)
{
	yaml_event_t event;
	int ok;

	if (node->kind == NODE_SCALAR)
		return write_scalar(writing, node, flow);
	if (node->kind == NODE_MAP) {
		flow = flow || node->style == YAML_FLOW_MAPPING_STYLE;
		ok = yaml_mapping_start_event_initialize(&event, NULL, bytes_of(node->tag),
		                                         !node->tag,
		                                         (yaml_mapping_style_t)node->style);
	} else {
		flow = flow || node->style == YAML_FLOW_SEQUENCE_STYLE;
		ok = yaml_sequence_start_event_initialize(&event, NULL, bytes_of(node->tag),
		                                          !node->tag,
		                                          (yaml_sequence_style_t)node->style);
	}
	if (!ok || !emit(writing, &event) || !write_members(writing, node, flow))
		return false;
	ok = node->kind == NODE_MAP ? yaml_mapping_end_event_initialize(&event)
	                            : yaml_sequence_end_event_initialize(&event);
	return ok && emit(writing, &event);
}

static bool write_documents(struct writing *writing, const struct stream *stream, bool first)
{
	yaml_event_t event;

	if (!yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) ||
	    !emit(writing, &event))
		return false;
	for (size_t i = 0; i < stream->count; i++) {
		const struct document *document = &stream->documents[i];
		bool implicit = first && i == 0 && !document->explicit_start;

		if (!yaml_document_start_event_initialize(&event, NULL, NULL, NULL, implicit) ||
		    !emit(writing, &event) || !write_node(writing, document->root, false) ||
		    !yaml_document_end_event_initialize(&event, 1) || !emit(writing, &event))
			return false;
	}
	return yaml_stream_end_event_initialize(&event) && emit(writing, &event);
}

static int add_bytes(void *data, unsigned char *bytes, size_t len)
{
	struct text *text = data;

	text_add(text, (struct str){(const char *)bytes, len});
	return !text->failed;
}

static int write_stream(const struct stream *stream, struct writing *writing, bool first,
                        struct text *out, struct err *err)
{
	yaml_emitter_t *emitter = &writing->emitter;
	int r = 0;

	if (!yaml_emitter_initialize(emitter))
		return stream_no_memory(stream, err);
	yaml_emitter_set_output(emitter, add_bytes, out);
	yaml_emitter_set_unicode(emitter, 1);
	yaml_emitter_set_width(emitter, -1);
	yaml_emitter_set_break(emitter, stream->crlf ? YAML_CRLN_BREAK : YAML_LN_BREAK);
	if (!write_documents(writing, stream, first)) {
		if (out->failed || writing->scratch.failed || emitter->error == YAML_MEMORY_ERROR)
			r = stream_no_memory(stream, err);
		else
			r = err_set(err, EIO, "%.150s: printing YAML: %s", stream->name,
			            emitter->problem ? emitter->problem : "failed");
	}
	yaml_emitter_delete(emitter);
	return r;
}

/* Whether `text` reads as what was to be written. */
static bool reads_back(const struct stream *stream, struct str text)
{
	/* An edit may have made more of it than may be read from a file. */
	CLEANUP(stream_done) struct stream again = {.name = stream->name, .node_max = SIZE_MAX};
	struct err err = {0};

	if (from_yaml(&again, text, &err) < 0 || again.count != stream->count)
		return false;
	for (size_t i = 0; i < stream->count; i++)
		if (!node_equal(stream->documents[i].root, again.documents[i].root))
			return false;
	return true;
}

int to_yaml(const struct stream *stream, bool first, struct text *out, struct err *err)
{
	CLEANUP(mem_freep) struct stand_in *stand_in = calloc(1, sizeof(*stand_in));
	CLEANUP(text_done) struct text raw = {0};
	struct writing writing = {.stand_in = stand_in};
	size_t start = out->len;
	int r = 0;

	if (!stand_in)
		return stream_no_memory(stream, err);
	for (size_t i = 0; i < stream->count; i++)
		stand_in_scan(stand_in, stream->documents[i].root);
	for (int attempt = 0; attempt < 2 && r == 0; attempt++) {
		writing.quote = attempt > 0;
		raw.len = 0;
		text_add(&raw, STR("")); /* no documents are no bytes, but not NULL */
		r = write_stream(stream, &writing, first, &raw, err);
		if (r < 0)
			break;
		out->len = start;
		stand_in_decode(stand_in, (struct str){raw.bytes, raw.len}, out);
		if (out->failed)
			r = stream_no_memory(stream, err);
		else if (reads_back(stream, (struct str){out->bytes + start, out->len - start}))
			break;
		else if (writing.quote)
			r = err_set(err, EIO, "%.150s: cannot be printed as YAML", stream->name);
	}
	text_done(&writing.scratch);
	return r;
}
