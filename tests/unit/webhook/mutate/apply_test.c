#include "webhook/mutate/apply.h"

#include <errno.h>

#include "tests/unit/webhook/mutate/pods.h"
#include "webhook/mutate/pointer.h"

#define OPS_MAX 4

/* apply_copy() of a patch that is JSON. */
static struct json_object *copy_of(struct json_object *doc, struct json_object *patch,
                                   struct err *err)
{
	size_t count = json_object_array_length(patch);
	struct op list[OPS_MAX];

	assert_true(count <= OPS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct json_object *op = json_object_array_get_idx(patch, i);

		list[i].name = tree_string(op, "op");
		list[i].has_value = tree_has(op, "value");
		list[i].value = tree_get(op, "value");
		snprintf(list[i].path, sizeof(list[i].path), "%s", tree_string(op, "path"));
	}
	return apply_copy(doc, list, count, err);
}

/* In place and on a copy alike; the copy must leave the document as it was. */
static void becomes(const char *doc_text, const char *patch_text, const char *expected)
{
	struct json_object *doc = json(doc_text), *patch = json(patch_text), *copy;
	char *before = strdup(text_of(doc)), *operations = strdup(text_of(patch));
	struct err err = {0};

	copy = copy_of(doc, patch, &err);
	assert_non_null(copy);
	assert_string_equal(text_of(copy), expected);
	assert_string_equal(text_of(doc), before);
	json_object_put(copy);
	assert_int_equal(mutate_apply(doc, patch, &err), 0);
	assert_string_equal(text_of(doc), expected);
	assert_string_equal(text_of(patch), operations);
	free(before);
	free(operations);
	json_object_put(doc);
	json_object_put(patch);
}

static void refused(const char *doc_text, const char *patch_text, int code, const char *message)
{
	struct json_object *doc = json(doc_text), *patch = json(patch_text);
	struct err err = {0};

	/* An operation of ours has a path. */
	if (json_object_is_type(patch, json_type_array) && tree_at(patch, 0)) {
		assert_null(copy_of(doc, patch, &err));
		assert_int_equal(err.code, code);
		assert_string_equal(err.text, message);
		err = (struct err){0};
	}
	assert_int_equal(mutate_apply(doc, patch, &err), -code);
	assert_string_equal(err.text, message);
	json_object_put(doc);
	json_object_put(patch);
}

static void it_adds_to_objects_and_lists(void **state)
{
	(void)state;
	becomes("{'a':1}", "[{'op':'add','path':'/b','value':2}]", "{\"a\":1,\"b\":2}");
	becomes("{'a':[1,2]}", "[{'op':'add','path':'/a/0','value':0}]", "{\"a\":[0,1,2]}");
	becomes("{'a':[1,2]}", "[{'op':'add','path':'/a/1','value':0}]", "{\"a\":[1,0,2]}");
	becomes("{'a':[1,2]}", "[{'op':'add','path':'/a/2','value':0}]", "{\"a\":[1,2,0]}");
	becomes("{'a':[]}", "[{'op':'add','path':'/a/-','value':0}]", "{\"a\":[0]}");
	becomes("[1]", "[{'op':'add','path':'/0','value':null}]", "[null,1]");
}

static void what_is_replaced_keeps_its_place(void **state)
{
	(void)state;
	becomes("{'a':1,'b':2}", "[{'op':'replace','path':'/a','value':{'x':1}}]",
	        "{\"a\":{\"x\":1},\"b\":2}");
	becomes("{'a':null,'b':2}", "[{'op':'add','path':'/a','value':[]}]", "{\"a\":[],\"b\":2}");
	becomes("{'a':[],'b':2}", "[{'op':'replace','path':'/a','value':null}]",
	        "{\"a\":null,\"b\":2}");
}

static void it_removes_and_tests(void **state)
{
	(void)state;
	becomes("{'a':[1,2,3]}", "[{'op':'remove','path':'/a/1'},{'op':'remove','path':'/a/0'}]",
	        "{\"a\":[3]}");
	becomes("{'a':{'b':1},'c':2}",
	        "[{'op':'test','path':'/a','value':{'b':1}},{'op':'remove','path':'/a'}]",
	        "{\"c\":2}");
}

static void tokens_are_unescaped(void **state)
{
	(void)state;
	becomes("{'m':{'a/b':1,'~1':2}}",
	        "[{'op':'replace','path':'/m/a~1b','value':3},{'op':'remove','path':'/m/~01'}]",
	        "{\"m\":{\"a/b\":3}}");
	becomes("{}", "[{'op':'add','path':'/','value':1}]", "{\"\":1}");
}

static void a_value_that_is_changed_later_stays_as_it_is_in_the_patch(void **state)
{
	(void)state;
	becomes("{}",
	        "[{'op':'add','path':'/a','value':{'b':[]}},{'op':'add','path':'/a/b/"
	        "-','value':1}]",
	        "{\"a\":{\"b\":[1]}}");
}

static void a_copy_of_a_copy_leaves_the_first_alone(void **state)
{
	struct json_object *doc = json("{'a':{'b':[1]}}"), *first, *second;
	struct json_object *patch = json("[{'op':'add','path':'/a/b/-','value':2}]");
	struct err err = {0};

	(void)state;
	first = copy_of(doc, patch, &err);
	second = copy_of(first, patch, &err);
	assert_string_equal(text_of(doc), "{\"a\":{\"b\":[1]}}");
	assert_string_equal(text_of(first), "{\"a\":{\"b\":[1,2]}}");
	assert_string_equal(text_of(second), "{\"a\":{\"b\":[1,2,2]}}");
	json_object_put(second);
	json_object_put(first);
	json_object_put(doc);
	json_object_put(patch);
}

static void what_cannot_be_done_is_named(void **state)
{
	(void)state;
	refused("{'a':1}", "[{'op':'remove','path':'/b'}]", ENOENT,
	        "operation 0, /b: No such file or directory");
	refused("{'a':1}", "[{'op':'test','path':'/a','value':2}]", EBADE,
	        "operation 0, /a: Invalid exchange");
	refused("{'a':1}", "[{'op':'move','from':'/a','path':'/b'}]", EOPNOTSUPP,
	        "operation 0, /b: Operation not supported");
	refused("{'a':1}", "[{'op':'add','path':'/a/b','value':2}]", ENOENT,
	        "operation 0, /a/b: No such file or directory");
	refused("{'a':[]}", "[{'op':'add','path':'/a/1','value':2}]", ENOENT,
	        "operation 0, /a/1: No such file or directory");
	refused("{'a':[0]}", "[{'op':'remove','path':'/a/00'}]", EINVAL,
	        "operation 0, /a/00: Invalid argument");
	refused("{'a':[0]}", "[{'op':'remove','path':'/a/-'}]", EINVAL,
	        "operation 0, /a/-: Invalid argument");
	refused("{}", "[{'op':'add','path':'/a'}]", EINVAL, "operation 0, /a: Invalid argument");
	refused("{}", "[{'op':'add','path':'','value':1}]", EINVAL,
	        "operation 0, : Invalid argument");
	refused("{}", "[{'op':'add','path':'/~2','value':1}]", EINVAL,
	        "operation 0, /~2: Invalid argument");
	refused("{}", "[3]", EINVAL, "operation 0, no path: Invalid argument");
	refused("{}", "{}", EINVAL, "a patch is a list of operations");
	refused("{'a':3}", "[{'op':'add','path':'/a/-','value':1}]", ENOENT,
	        "operation 0, /a/-: No such file or directory");
}

static void a_token_of_any_length_is_read_or_refused(void **state)
{
	char path[POINTER_TOKEN_MAX + 8], token[POINTER_TOKEN_MAX];
	const char *rest = path;

	(void)state;
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[POINTER_TOKEN_MAX] = '\0';
	assert_int_equal(pointer_next(&rest, token), 0);
	assert_int_equal(strlen(token), POINTER_TOKEN_MAX - 1);
	path[POINTER_TOKEN_MAX] = 'a';
	path[POINTER_TOKEN_MAX + 1] = '\0';
	rest = path;
	assert_int_equal(pointer_next(&rest, token), -E2BIG);
}

TEST_MAIN(cmocka_unit_test(it_adds_to_objects_and_lists),
          cmocka_unit_test(what_is_replaced_keeps_its_place),
          cmocka_unit_test(it_removes_and_tests), cmocka_unit_test(tokens_are_unescaped),
          cmocka_unit_test(a_value_that_is_changed_later_stays_as_it_is_in_the_patch),
          cmocka_unit_test(a_copy_of_a_copy_leaves_the_first_alone),
          cmocka_unit_test(what_cannot_be_done_is_named),
          cmocka_unit_test(a_token_of_any_length_is_read_or_refused))
