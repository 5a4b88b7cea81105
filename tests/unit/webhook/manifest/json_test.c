/* JSON is edited in its text: what no operation names stays to the byte. */
#include <stdio.h>

#include "tests/unit/webhook/manifest/read.h"

static void json_comes_out_to_the_byte(void **state)
{
	static const char *const texts[] = {
	        "{}",
	        " \r\n{ \"a\" :\t1e3 , \"b\":[ ] ,\n \"a\" : -0.0E+10}\n\n",
	        "[1,2 ,3 , \"\\u00e9\\ud83d\\ude00\\/\" ]",
	        "{\"big\":18446744073709551616,\"s\":\"\xc3\xa9\"}{\"b\": null} true \n",
	        "\xef\xbb\xbf{\"a\": {\"b\": [[], {}, [{ }]]}}",
	        "{\"a\":\"\\ud800\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		becomes(texts[i], MANIFEST_AS_READ, texts[i]);
}

static void additions_follow_the_lines_around_them(void **state)
{
	(void)state;
	patched("{\n  \"a\": 1,\n  \"b\": [\n    1\n  ]\n}\n",
	        "[{\"op\":\"add\",\"path\":\"/b/-\",\"value\":{\"x\":[true,{}]}},"
	        "{\"op\":\"add\",\"path\":\"/c\",\"value\":\"n\\\"\\n\\u0001\"}]",
	        "{\n  \"a\": 1,\n  \"b\": [\n    1,\n    {\n      \"x\": [\n        true,\n"
	        "        {}\n      ]\n    }\n  ],\n  \"c\": \"n\\\"\\n\\u0001\"\n}\n");
	patched("{\"a\":1,\"b\":[]}",
	        "[{\"op\":\"add\",\"path\":\"/b/0\",\"value\":{\"x\":1,\"y\":2}}]",
	        "{\"a\":1,\"b\":[{\"x\":1,\"y\":2}]}");
	patched("{\"a\": 1, \"b\": {}}", "[{\"op\":\"add\",\"path\":\"/b/x\",\"value\":[1,2]}]",
	        "{\"a\": 1, \"b\": {\"x\": [1, 2]}}");
	patched("{\n\t\"a\": {}\n}", "[{\"op\":\"add\",\"path\":\"/a/x\",\"value\":1}]",
	        "{\n\t\"a\": {\n\t\t\"x\": 1\n\t}\n}");
}

static void removing_what_was_added_gives_the_text_back(void **state)
{
	static const char *const texts[] = {
	        "{\"l\":[{\"a\":1},{\"b\":2}]}",
	        "{\"l\": [{\"a\": 1}, {\"b\": 2}] }",
	        "{ \"l\" :\n[ 1 , 2 ]}",
	        "{\n\n  \"l\": [\n\n    1,\n    2 , 3\n  ]\n}",
	        "{\"l\":[]}",
	        "{\n  \"l\": [\n  ]\n}",
	        "{\"l\":[ \r\n\t] }",
	};
	static const char *const places[] = {"/l/0", "/l/-"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		for (size_t j = 0; j < 2; j++) {
			struct manifest *manifest = read_text(texts[i]);
			struct err err = {0};
			char patch[128], *out = NULL;
			size_t len;

			snprintf(patch, sizeof(patch),
			         "[{\"op\":\"add\",\"path\":\"%s\",\"value\":{\"n\":[1]}},"
			         "{\"op\":\"add\",\"path\":\"/m\",\"value\":{}}]",
			         places[j]);
			apply(manifest, 0, patch);
			assert_int_equal(
			        manifest_print(manifest, MANIFEST_AS_READ, true, &out, &len, &err),
			        0);
			manifest_free(manifest);
			snprintf(patch, sizeof(patch),
			         "[{\"op\":\"remove\",\"path\":\"/"
			         "m\"},{\"op\":\"remove\",\"path\":\"/l/%zu\"}]",
			         j == 0 || i >= 4 ? (size_t)0
			         : i == 3         ? (size_t)3
			                          : (size_t)2);
			patched(out, patch, texts[i]);
			free(out);
		}
	}
}

static void replacing_keeps_place_and_neighbours(void **state)
{
	(void)state;
	patched("{\"a\" : 1e2 , \"b\":2.50}",
	        "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":[null]}]",
	        "{\"a\" : [null] , \"b\":2.50}");
	patched("{\"a\":1,\"x/y~\":2}", "[{\"op\":\"add\",\"path\":\"/x~1y~0\",\"value\":3}]",
	        "{\"a\":1,\"x/y~\":3}");
}

static void of_a_repeated_key_the_last_counts(void **state)
{
	static const char text[] = "{\"kind\":\"Pod\",\"spec\":1,\"spec\":{\"a\":1}}";
	struct manifest *manifest = read_text(text);

	(void)state;
	assert_int_equal(json_object_object_length(manifest_item(manifest, 0)->pod), 2);
	manifest_free(manifest);
	patched(text, "[{\"op\":\"add\",\"path\":\"/spec/b\",\"value\":2}]",
	        "{\"kind\":\"Pod\",\"spec\":1,\"spec\":{\"a\":1,\"b\":2}}");
	patched(text, "[{\"op\":\"remove\",\"path\":\"/spec\"}]", "{\"kind\":\"Pod\"}");
}

static void json_becomes_yaml(void **state)
{
	(void)state;
	becomes("{\"a\":1e3,\"b\":\"yes\",\"c\":[{\"d\":\"0644\",\"e\":null},[]],\"f\":\"x y\","
	        "\"g\":\"1:30\",\"h\":\"two\\nlines\\n\",\"y\":\"\",\"u\":\"\xc3\xa9\",\"z\":\"img:"
	        "v1\","
	        "\"s\":\"say \\\"hi\\\"\"}\n{}",
	        MANIFEST_YAML,
	        "a: 1e3\nb: \"yes\"\nc:\n- d: \"0644\"\n  e: null\n- []\nf: \"x y\"\ng: \"1:30\"\n"
	        "h: \"two\\nlines\\n\"\n\"y\": \"\"\nu: \xc3\xa9\nz: img:v1\ns: 'say \"hi\"'\n--- "
	        "{}\n");
}

static void bad_json_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
	        {"{\"a\": 1", "f:1:8: the text ends inside of an object or list"},
	        {"{\"a\": 1,\n \"b\": \"x", "f:2:9: the text ends inside of a string"},
	        {"{\"a\": \"\x01\"}", "f:1:8: a control character inside of a string"},
	        {"{\"a\": 1, \"b\": \"\\q\"}", "f:1:16: no such escape"},
	        {"{\"a\": 1, \"b\": \"\xff\"}", "f:1:16: not UTF-8"},
	        {"{\"a\\u0000\": 1}", "f:1:2: a key cannot contain a NUL"},
	        {"{\"a\":", "f:1:6: the text ends where a value belongs"},
	        {"[1, \"a\" \"b\"]", "f:1:9: a comma belongs here"},
	};
	char deep[2 * (MANIFEST_DEPTH_MAX + 1) + 1] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		refused(cases[i].text, strlen(cases[i].text), cases[i].message);
	memset(deep, '[', MANIFEST_DEPTH_MAX + 1);
	memset(deep + MANIFEST_DEPTH_MAX + 1, ']', MANIFEST_DEPTH_MAX + 1);
	refused(deep, strlen(deep), "f:1:201: nested too deep");
	memmove(deep, deep + 1, strlen(deep));
	deep[strlen(deep) - 1] = '\0';
	becomes(deep, MANIFEST_AS_READ, deep);
}

static void every_prefix_is_read_or_refused(void **state)
{
	static const char text[] =
	        "{\"a\": [1e3, -0, {\"b\": \"\\u00e9\\ud83d\\ude00 \xf0\x9f\x98\x80\"}, "
	        "true, null], \"c\": {}}\n[ ]";

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		struct manifest *manifest = NULL;
		struct err err = {0};

		if (manifest_parse(test_tail(text, len), len, "f", &manifest, &err) < 0)
			assert_memory_equal(err.text, "f:", 2);
		manifest_free(manifest);
	}
}

static void wrong_operations_are_named(void **state)
{
	static const struct {
		const char *patch, *message;
	} cases[] = {
	        {"{}", "f:1:1: a patch is a list of operations"},
	        {"[{\"op\":\"remove\",\"path\":\"/x\"}]",
	         "f:1:1: operation 0, /x: No such file or directory"},
	        {"[{\"op\":\"add\",\"path\":\"/a/b\",\"value\":1}]",
	         "f:1:1: operation 0, /a/b: No such file or directory"},
	        {"[{\"op\":\"add\",\"path\":\"/l/2\",\"value\":1}]",
	         "f:1:1: operation 0, /l/2: No such file or directory"},
	        {"[{\"op\":\"add\",\"path\":\"/l/01\",\"value\":1}]",
	         "f:1:1: operation 0, /l/01: Invalid argument"},
	        {"[{\"op\":\"add\",\"path\":\"\",\"value\":1}]",
	         "f:1:1: operation 0, : Invalid argument"},
	        {"[{\"op\":\"move\",\"path\":\"/a\",\"from\":\"/l\"}]",
	         "f:1:1: operation 0, /a: Operation not supported"},
	        {"[{\"op\":\"add\",\"path\":\"/b\"}]", "f:1:1: operation 0, /b: Invalid argument"},
	        {"[{\"path\":\"/b\"}]", "f:1:1: operation 0, /b: Invalid argument"},
	        {"[3]", "f:1:1: operation 0, no path: Invalid argument"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct manifest *manifest = read_text("{\"a\":1,\"l\":[1]}");
		struct json_object *patch = json_tokener_parse(cases[i].patch);
		struct err err = {0};

		assert_true(manifest_apply(manifest, 0, patch, &err) < 0);
		assert_string_equal(err.text, cases[i].message);
		json_object_put(patch);
		manifest_free(manifest);
	}
}

TEST_MAIN(cmocka_unit_test(json_comes_out_to_the_byte),
          cmocka_unit_test(additions_follow_the_lines_around_them),
          cmocka_unit_test(removing_what_was_added_gives_the_text_back),
          cmocka_unit_test(replacing_keeps_place_and_neighbours),
          cmocka_unit_test(of_a_repeated_key_the_last_counts), cmocka_unit_test(json_becomes_yaml),
          cmocka_unit_test(bad_json_is_refused_with_its_place),
          cmocka_unit_test(every_prefix_is_read_or_refused),
          cmocka_unit_test(wrong_operations_are_named))
