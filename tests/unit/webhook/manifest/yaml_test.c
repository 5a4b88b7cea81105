/* YAML as people write it: read as Kubernetes reads it, printed with its own spelling. */
#include <stdio.h>

#include "tests/unit/webhook/manifest/read.h"

static void scalars_keep_text_and_style(void **state)
{
	static const char *const texts[] = {
	        "a: 0644\nb: 1e3\nc: 18446744073709551616\nd: yes\ne: ~\nf:\ng: 'it''s'\n",
	        "a: \"q\"\nb: !!str 12\nc: !!int \"3\"\nd: !custom x\n!!str 5: y\n",
	        "a: |\n  two\n  lines\nb: >-\n  folded\n\n  text\nc: |2\n    indented\n  less\n",
	        "a: |+\n  keep\n\nb: |-\n  strip\n",
	        "- {a: 1, b: [x, 'y']}\n- []\n- {}\n- -\n",
	        "---\na: 1\n--- text\n---\n- 1\n",
	        "a: 2001-12-14\nb: 1:30\nc: 0o17\nd: 1_000\n",
	        "a: \xc3\xa9\xf0\x9f\x98\x80\n",
	        "a: |\n  if x:\n  \ttab \xf0\x9f\x98\x80\n\xee\x80\x80: \"\xf0\x9f\x98\x81\"\n",
	        "a: 1\r\nb: |\r\n  x\r\n  y\r\n",
	        "plain scalar\n",
	        "{image: reg:80/a:1, url: http://x/?a=b, t: 'a:b'}\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		becomes(texts[i], MANIFEST_AS_READ, texts[i]);
}

static void long_texts_stay_on_their_line(void **state)
{
	char text[3000];
	size_t len = (size_t)snprintf(text, sizeof(text), "a: \"");

	(void)state;
	while (len < 2800)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "word%zu ", len);
	snprintf(text + len, sizeof(text) - len, "\"\n");
	becomes(text, MANIFEST_AS_READ, text);
}

static void comments_and_anchors_go_and_values_stay(void **state)
{
	(void)state;
	becomes("# c\nbase: &b # d\n  x: 1\n  y: &n [1]\nuse: *b\nn: *n\n", MANIFEST_AS_READ,
	        "base:\n  x: 1\n  y: [1]\nuse:\n  x: 1\n  y: [1]\nn: [1]\n");
	becomes("\xef\xbb\xbf# only a comment\n---\n---\na: 1\n...\n---\n# end\n", MANIFEST_AS_READ,
	        "---\na: 1\n");
	becomes("", MANIFEST_AS_READ, "");
	becomes("---\n", MANIFEST_JSON, "");
}

static void merge_keys_are_resolved_in_order(void **state)
{
	(void)state;
	becomes("a: &a {x: 1, y: 2}\nb: &b {x: 3, z: 4}\n"
	        "c:\n  <<: *a\n  y: 9\n"
	        "d:\n  y: 9\n  <<: *a\n"
	        "e:\n  <<: [*a, *b]\n  \"<<\": text\n",
	        MANIFEST_AS_READ,
	        "a: {x: 1, y: 2}\nb: {x: 3, z: 4}\n"
	        "c:\n  x: 1\n  y: 9\n"
	        "d:\n  y: 2\n  x: 1\n"
	        "e:\n  x: 1\n  z: 4\n  y: 2\n  \"<<\": text\n");
}

static void an_edit_changes_one_use_of_an_anchor(void **state)
{
	(void)state;
	patched("a: &a\n  l: [1]\nb: *a\nc:\n  <<: *a\n",
	        "[{\"op\":\"add\",\"path\":\"/b/l/0\",\"value\":0},"
	        "{\"op\":\"add\",\"path\":\"/c/m\",\"value\":\"off\"},"
	        "{\"op\":\"remove\",\"path\":\"/c/l\"}]",
	        "a:\n  l: [1]\nb:\n  l: [0, 1]\nc:\n  m: \"off\"\n");
}

static void additions_are_quoted_where_plain_would_be_something_else(void **state)
{
	(void)state;
	patched("a: 0644 # mode\nb: {}\nc:\n- x\n",
	        "[{\"op\":\"add\",\"path\":\"/b/"
	        "x\",\"value\":[\"y\",\"0644\",\"1:30\",\"plain\",\"\","
	        "\"a: b\",\"- c\",\"{\\\"j\\\":1}\",\"null\",\"2001-01-01\",\"<<\",\"a b\",\"-\","
	        "\"x:\",\"1.5\",\"#\",\"/bin/sh\",\"--flag=1\",\".5\",\"\\u0007\"]},"
	        "{\"op\":\"add\",\"path\":\"/c/"
	        "-\",\"value\":{\"m\":null,\"t\":true,\"i\":-5,\"f\":1.50}}]",
	        "a: 0644\nb:\n  x:\n  - \"y\"\n  - \"0644\"\n  - \"1:30\"\n  - plain\n  - \"\"\n"
	        "  - \"a: b\"\n  - \"- c\"\n  - '{\"j\":1}'\n  - \"null\"\n  - \"2001-01-01\"\n"
	        "  - \"<<\"\n  - \"a b\"\n  - \"-\"\n  - \"x:\"\n  - \"1.5\"\n  - \"#\"\n  - "
	        "/bin/sh\n"
	        "  - \"--flag=1\"\n  - \".5\"\n  - \"\\a\"\n"
	        "c:\n- x\n- m: null\n  t: true\n  i: -5\n  f: 1.50\n");
}

static void documents_can_follow_others(void **state)
{
	struct manifest *manifest = read_text("a: 1\n");
	struct err err = {0};
	char *out;
	size_t len;

	(void)state;
	assert_int_equal(manifest_print(manifest, MANIFEST_YAML, false, &out, &len, &err), 0);
	assert_string_equal(out, "---\na: 1\n");
	free(out);
	manifest_free(manifest);
}

static void yaml_becomes_json(void **state)
{
	(void)state;
	becomes("a: 0644\ny: off\nc: 08\nd: 1e3\ne: 1_000\n12: {x: []}\n0x1F: -0b11\nf: .5\ng: "
	        "1:30\n"
	        "h: !!binary aGk=\ni: |\n  t\tab\nj: 2001-12-14\nk: +7\nl: 0o17\nm: ~\n---\n[]\n",
	        MANIFEST_JSON,
	        "{\n    \"a\": 420,\n    \"true\": false,\n    \"c\": 8,\n    \"d\": 1e3,\n"
	        "    \"e\": 1000,\n    \"12\": {\n        \"x\": []\n    },\n    \"31\": -3,\n"
	        "    \"f\": 0.5,\n    \"g\": \"1:30\",\n    \"h\": \"hi\",\n"
	        "    \"i\": \"t\\tab\\n\",\n    \"j\": \"2001-12-14\",\n    \"k\": 7,\n"
	        "    \"l\": 15,\n    \"m\": null\n}\n[]\n");
}

static void flow_style_with_quotes_is_yaml_unless_it_is_json(void **state)
{
	struct manifest *manifest = read_text("{a: 1, \"b\": 2,}");

	(void)state;
	assert_int_equal(manifest_format(manifest), MANIFEST_YAML);
	prints(manifest, MANIFEST_AS_READ, "{a: 1, \"b\": 2}\n");
	manifest_free(manifest);
	manifest = read_text("{\"a\": 1}");
	assert_int_equal(manifest_format(manifest), MANIFEST_JSON);
	manifest_free(manifest);
}

static void utf16_is_read(void **state)
{
	static const char text[] = "\xff\xfe"
	                           "a\0:\0 \0\xe9\0\n";
	struct manifest *manifest = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(
	        manifest_parse(test_tail(text, sizeof(text)), sizeof(text), "f", &manifest, &err),
	        0);
	prints(manifest, MANIFEST_AS_READ, "a: \xc3\xa9\n");
	manifest_free(manifest);
}

static void bad_yaml_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
	        {"a: 1\nb: 2\na: 3\n", "f:3:1: key \"a\" stands here a second time, after line 1"},
	        {"0x1: 1\n1: 2\n", "f:2:1: key \"1\" stands here a second time, after line 1"},
	        {"x: &x {a: 1}\ny:\n  b: 1\n  <<: *x\n  b: 2\n",
	         "f:5:3: key \"b\" stands here a second time, after line 3"},
	        {"a: &a [1, *a]\n", "f:1:11: the alias stands inside of what it stands for"},
	        {"a: *b\n", "f:1:4: the alias has no anchor"},
	        {"a:\n\t- b\n", "f:2:1: while scanning for the next token, found character that "
	                        "cannot start any token"},
	        {"a: .nan\n", "f:1:4: JSON has no such number"},
	        {"a: !!int x\n", "f:1:4: !!int is no number"},
	        {"[a]: 1\n", "f:1:1: a key is a scalar"},
	        {"~: 1\n", "f:1:1: a key cannot be null"},
	        {"\"\\0\": 1\n", "f:1:1: a key cannot contain a NUL"},
	        {"a: 1\n<<: 5\n", "f:2:5: a merge key takes a map or a list of maps"},
	        {"a: \"x\n",
	         "f:2:1: while scanning a quoted scalar, found unexpected end of stream"},
	        {"a: b: c\n", "f:1:5: mapping values are not allowed in this context"},
	        {"a: 1\nb: \xff\n", "f:2:4: invalid leading UTF-8 octet"},
	        {"{a: 1", "f:2:1: while parsing a flow mapping, did not find expected ',' or '}'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		refused(cases[i].text, strlen(cases[i].text), cases[i].message);
}

static void a_billion_laughs_are_refused(void **state)
{
	char text[4096];
	size_t len = (size_t)snprintf(text, sizeof(text), "a0: &a0 [x, x, x, x, x, x, x, x]\n");
	struct manifest *manifest = NULL;
	struct err err = {0};

	(void)state;
	for (int i = 1; i < 12; i++)
		len += (size_t)snprintf(
		        text + len, sizeof(text) - len,
		        "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1,
		        i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	assert_true(manifest_parse(text, len, "f", &manifest, &err) < 0);
	assert_non_null(strstr(err.text, "more than 2097152 values"));
}

static void deep_yaml_is_refused(void **state)
{
	char text[MANIFEST_DEPTH_MAX * 2 + 64];
	size_t len = 0;

	(void)state;
	for (int i = 0; i <= MANIFEST_DEPTH_MAX; i++, len += 2)
		memcpy(text + len, "- ", 2);
	refused(text, len, "f:1:401: nested too deep");
	len = (size_t)snprintf(text, sizeof(text), "a: &a ");
	memset(text + len, '[', 110);
	memset(text + len + 110, ']', 110);
	len += 220;
	len += (size_t)snprintf(text + len, sizeof(text) - len, "\nb: ");
	memset(text + len, '[', 100);
	memcpy(text + len + 100, "*a", 2);
	len += 102;
	refused(text, len, "f:2:104: nested too deep");
}

static void every_prefix_is_read_or_refused(void **state)
{
	static const char text[] =
	        "a: &x {b: 0644, 'c': [\"\\u00e9\", !!str 1]}\r\n? d\r\n: *x\r\ne: |+\r\n"
	        "  t\xc3\xa9xt\r\n<<: *x\r\n--- >-\r\n f\r\n g\r\n";

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		struct manifest *manifest = NULL;
		struct err err = {0};

		if (manifest_parse(test_tail(text, len), len, "f", &manifest, &err) < 0)
			assert_memory_equal(err.text, "f:", 2);
		manifest_free(manifest);
	}
}

TEST_MAIN(cmocka_unit_test(scalars_keep_text_and_style),
          cmocka_unit_test(long_texts_stay_on_their_line),
          cmocka_unit_test(comments_and_anchors_go_and_values_stay),
          cmocka_unit_test(merge_keys_are_resolved_in_order),
          cmocka_unit_test(an_edit_changes_one_use_of_an_anchor),
          cmocka_unit_test(additions_are_quoted_where_plain_would_be_something_else),
          cmocka_unit_test(documents_can_follow_others), cmocka_unit_test(yaml_becomes_json),
          cmocka_unit_test(flow_style_with_quotes_is_yaml_unless_it_is_json),
          cmocka_unit_test(utf16_is_read), cmocka_unit_test(bad_yaml_is_refused_with_its_place),
          cmocka_unit_test(a_billion_laughs_are_refused), cmocka_unit_test(deep_yaml_is_refused),
          cmocka_unit_test(every_prefix_is_read_or_refused))
