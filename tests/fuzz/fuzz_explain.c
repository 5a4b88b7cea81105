/* fuzz_explain.c - whatever documents say, explain tells it in lines: JSON that is JSON, text that
 * steers no terminal. */
#include <assert.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "webhook/ctl/input.h"
#include "webhook/ctl/options.h"
#include "webhook/ctl/output.h"
#include "webhook/ctl/verb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_json(const struct output *output)
{
	size_t at = 0;

	while (at < output->len) {
		const char *line = output->bytes + at;
		const char *end = memchr(line, '\n', output->len - at);
		struct json_tokener *tokener = json_tokener_new_ex(256);
		struct json_object *object;

		assert(end && tokener);
		object = json_tokener_parse_ex(tokener, line, (int)(end - line));
		assert(json_object_is_type(object, json_type_object));
		assert(json_tokener_get_parse_end(tokener) == (size_t)(end - line));
		assert(json_object_is_type(json_object_object_get(object, "containers"),
		                           json_type_array));
		json_object_put(object);
		json_tokener_free(tokener);
		at += (size_t)(end - line) + 1;
	}
}

static void check_text(const struct output *output)
{
	for (size_t i = 0; i < output->len; i++) {
		unsigned char c = (unsigned char)output->bytes[i];

		assert(c == '\n' || (c >= ' ' && c != 0x7f));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *nowhere;
	struct input_file file = {.name = strdup("f"), .bytes = malloc(size + 1), .len = size};
	struct input input = {&file, 1};
	struct options options = {.namespace_inject = "enabled", .native_sidecars = true};
	bool as_json = size > 0 && data[0] % 2;
	struct output output = {0};

	/* What is wrong with the input is said there. */
	if (!nowhere)
		nowhere = stderr = fopen("/dev/null", "we");
	assert(nowhere && file.name && file.bytes);
	memcpy(file.bytes, data, size);
	file.bytes[size] = '\0';
	options.format = as_json ? OPTIONS_JSON : OPTIONS_TEXT;
	if (verb_explain(&options, &input, &output) == EXITS_DONE)
		as_json ? check_json(&output) : check_text(&output);
	assert(!output.failed);
	output_done(&output);
	free(file.name);
	free(file.bytes);
	return 0;
}
