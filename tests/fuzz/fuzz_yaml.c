/* fuzz_yaml.c - any bytes as a manifest: refused with a place, or printed as YAML and as JSON that
 * say the same. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "webhook/manifest/from_json.h"
#include "webhook/manifest/from_yaml.h"
#include "webhook/manifest/manifest.h"
#include "webhook/manifest/to_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_json(const struct stream *stream)
{
	struct stream again = {.name = "again"};
	struct text text = {0};
	struct err err = {0};
	size_t offset;

	to_json(stream, true, &text);
	if (text.failed ||
	    from_json(&again, (struct str){text.bytes, text.len}, &offset, &err) < 0 ||
	    again.count != stream->count)
		abort();
	for (size_t i = 0; i < stream->count; i++)
		if (!node_equal(stream->documents[i].root, again.documents[i].root))
			abort();
	stream_done(&again);
	text_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream stream = {.name = "f"};
	struct manifest *manifest = NULL;
	struct err err = {0};
	char *out = NULL;
	size_t len;

	if (from_yaml(&stream, (struct str){(const char *)data, size}, &err) == 0)
		check_json(&stream);
	else if (err.code != ENOMEM && strncmp(err.text, "f:", 2) != 0)
		abort();
	stream_done(&stream);
	if (manifest_parse((const char *)data, size, "f", &manifest, &err) == 0) {
		/* What was read as YAML is printed and reads back, or manifest_print() says EIO. */
		int r = manifest_print(manifest, MANIFEST_YAML, true, &out, &len, &err);

		if (r < 0 && manifest_format(manifest) == MANIFEST_YAML)
			abort();
		free(out);
		manifest_free(manifest);
	}
	return 0;
}
