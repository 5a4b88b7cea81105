/* fuzz_json_edit.c - JSON, a NUL, a patch: the text stays to the byte, and after the patch it says
 * what the same patch makes of the values. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "webhook/manifest/from_json.h"
#include "webhook/manifest/manifest.h"
#include "webhook/manifest/patch.h"
#include "webhook/manifest/to_json.h"
#include "webhook/mutate/mutate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_patch(struct stream *stream, struct json_object *patch)
{
	struct stream again = {.name = "again"};
	struct json_object *expected, *got;
	struct text text = {0};
	struct err err = {0};
	size_t offset;

	if (node_to_json(stream->documents[0].root, &expected) < 0)
		abort();
	if (patch_apply(&stream->arena, stream->documents[0].root, 0, patch, &err) == 0) {
		if (mutate_apply(expected, patch, &err) < 0)
			abort();
		to_json(stream, true, &text);
		if (text.failed ||
		    from_json(&again, (struct str){text.bytes, text.len}, &offset, &err) < 0 ||
		    again.count != stream->count || node_to_json(again.documents[0].root, &got) < 0)
			abort();
		if (!json_object_equal(expected, got))
			abort();
		json_object_put(got);
	}
	json_object_put(expected);
	stream_done(&again);
	text_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream stream = {.name = "f"};
	struct text text = {0};
	struct err err = {0};
	const uint8_t *end = size ? memchr(data, 0, size) : NULL;
	struct str document = {(const char *)data, end ? (size_t)(end - data) : size};
	size_t offset;

	if (from_json(&stream, document, &offset, &err) < 0) {
		if (strncmp(err.text, "f:", 2) != 0 || offset > size)
			abort();
	} else {
		to_json(&stream, true, &text);
		if (text.failed || !str_eq((struct str){text.bytes, text.len}, document))
			abort();
	}
	if (err.code == 0 && end && stream.count) {
		struct json_tokener *tokener = json_tokener_new();
		size_t rest = size - document.len - 1;
		struct json_object *patch =
		        json_tokener_parse_ex(tokener, (const char *)end + 1, (int)rest);

		if (patch)
			check_patch(&stream, patch);
		json_object_put(patch);
		json_tokener_free(tokener);
	}
	text_done(&text);
	stream_done(&stream);
	return 0;
}
