/* definition_test.c - task definitions of ECS are told from other documents by their shape. */
#include <stdio.h>

#include "tests/unit/webhook/manifest/read.h"

#define WEB "{\"family\":\"web\",\"containerDefinitions\":[{\"name\":\"a\"}]}"

/* How many of the document's items are task definitions. */
static size_t definitions(const char *text)
{
	struct manifest *manifest = read_text(text);
	size_t count = 0;

	for (size_t i = 0; i < manifest_count(manifest); i++)
		count += manifest_item(manifest, i)->task != NULL;
	manifest_free(manifest);
	return count;
}

static void both_forms_of_the_command_line_are_taken(void **state)
{
	const char *const texts[] = {WEB, "{\"taskDefinition\":" WEB ",\"tags\":[]}",
	                             "family: web\ncontainerDefinitions:\n- name: a\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct manifest *manifest = read_text(texts[i]);
		const struct manifest_item *item = manifest_item(manifest, 0);

		assert_int_equal(manifest_count(manifest), 1);
		assert_string_equal(item->kind, "TaskDefinition");
		assert_string_equal(item->name, "web");
		assert_string_equal(item->namespace, "");
		assert_false(item->is_workload);
		assert_null(item->pod);
		assert_non_null(item->task);
		manifest_free(manifest);
	}
}

static void many_stand_behind_each_other_or_in_a_list(void **state)
{
	(void)state;
	assert_int_equal(definitions(WEB "\n" WEB), 2);
	assert_int_equal(definitions("[" WEB ", {\"taskDefinition\":" WEB "}]"), 2);
	assert_int_equal(definitions(WEB "{\"kind\":\"Pod\",\"spec\":{}}"), 1);
	/* A list of other things is one thing. */
	assert_int_equal(definitions("[" WEB ",1]"), 0);
	assert_int_equal(definitions("[]"), 0);
}

static void nothing_else_is_one(void **state)
{
	(void)state;
	assert_int_equal(definitions("{\"containerDefinitions\":[]}"), 0);
	assert_int_equal(definitions("{\"family\":\"web\"}"), 0);
	assert_int_equal(definitions("{\"family\":\"web\",\"containerDefinitions\":{}}"), 0);
	assert_int_equal(definitions("{\"family\":7,\"containerDefinitions\":[]}"), 0);
	assert_int_equal(definitions("{\"taskDefinition\":\"arn\"}"), 0);
	assert_int_equal(definitions("{\"kind\":\"X\",\"taskDefinition\":" WEB "}"), 0);
	assert_int_equal(definitions("{\"apiVersion\":\"v1\",\"family\":\"w\","
	                             "\"containerDefinitions\":[]}"),
	                 0);
}

TEST_MAIN(cmocka_unit_test(both_forms_of_the_command_line_are_taken),
          cmocka_unit_test(many_stand_behind_each_other_or_in_a_list),
          cmocka_unit_test(nothing_else_is_one))
