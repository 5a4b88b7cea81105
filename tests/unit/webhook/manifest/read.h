/* read.h - short ways to read and print a manifest in a test. */
#ifndef FARGUARD_TESTS_MANIFEST_READ_H
#define FARGUARD_TESTS_MANIFEST_READ_H

#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "tests/harness.h"
#include "webhook/manifest/manifest.h"

/* Parse text that must be understood. */
static inline struct manifest *read_text(const char *text)
{
	struct manifest *manifest = NULL;
	struct err err = {0};

	if (manifest_parse(test_tail(text, strlen(text)), strlen(text), "f", &manifest, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return manifest;
}

/* Print, compare, free what was printed. */
static inline void prints(const struct manifest *manifest, enum manifest_format format,
                          const char *expected)
{
	struct err err = {0};
	char *out = NULL;
	size_t len = 0;

	if (manifest_print(manifest, format, true, &out, &len, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(len, strlen(out));
	assert_string_equal(out, expected);
	free(out);
}

/* `text` read and printed in `format` is `expected`. */
static inline void becomes(const char *text, enum manifest_format format, const char *expected)
{
	struct manifest *manifest = read_text(text);

	prints(manifest, format, expected);
	manifest_free(manifest);
}

/* `text` is refused with exactly this message. */
static inline void refused(const char *text, size_t len, const char *message)
{
	struct manifest *manifest = NULL;
	struct err err = {0};

	if (manifest_parse(test_tail(text, len), len, "f", &manifest, &err) == 0)
		fail_msg("%s was understood", text);
	assert_null(manifest);
	assert_string_equal(err.text, message);
	assert_true(err.code > 0);
}

/* Apply the operations of `patch` to item `index`. */
static inline void apply(struct manifest *manifest, size_t index, const char *patch)
{
	struct json_object *list = json_tokener_parse(patch);
	struct err err = {0};

	assert_non_null(list);
	if (manifest_apply(manifest, index, list, &err) < 0)
		fail_msg("%s", err.text);
	json_object_put(list);
}

/* `text` after `patch` is `expected`, in the format that it was read in. */
static inline void patched(const char *text, const char *patch, const char *expected)
{
	struct manifest *manifest = read_text(text);

	apply(manifest, 0, patch);
	prints(manifest, MANIFEST_AS_READ, expected);
	manifest_free(manifest);
}

#endif
