/* The workloads in documents and Lists, and patches relative to them. */
#include <stdio.h>

#include "tests/unit/webhook/manifest/read.h"

static void each_kind_of_workload_shows_its_pod(void **state)
{
	static const struct {
		const char *kind, *version, *open, *pointer, *workload;
	} cases[] = {
	        {"Pod", "v1", "{\"P\":1,\"metadata\":", "", NULL},
	        {"PodTemplate", "v1", "{\"template\":{\"P\":1},\"metadata\":", "/template",
	         "PodTemplate/n"},
	        {"Deployment", "apps/v1", "{\"spec\":{\"template\":{\"P\":1}},\"metadata\":",
	         "/spec/template", "Deployment/n"},
	        {"Deployment", "extensions/v1beta1",
	         "{\"spec\":{\"template\":{\"P\":1}},\"metadata\":", "/spec/template",
	         "Deployment/n"},
	        {"StatefulSet", "apps/v1", "{\"spec\":{\"template\":{\"P\":1}},\"metadata\":",
	         "/spec/template", "StatefulSet/n"},
	        {"DaemonSet", "apps/v1", "{\"spec\":{\"template\":{\"P\":1}},\"metadata\":",
	         "/spec/template", "DaemonSet/n"},
	        {"ReplicaSet", "apps/v1", "{\"spec\":{\"template\":{\"P\":1}},\"metadata\":",
	         "/spec/template", "ReplicaSet/n"},
	        {"ReplicationController", "v1", "{\"spec\":{\"template\":{\"P\":1}},\"metadata\":",
	         "/spec/template", "ReplicationController/n"},
	        {"Job", "batch/v1",
	         "{\"spec\":{\"template\":{\"P\":1}},\"metadata\":", "/spec/template", "Job/n"},
	        {"CronJob", "batch/v1",
	         "{\"spec\":{\"jobTemplate\":{\"spec\":{\"template\":{\"P\":1}}}},\"metadata\":",
	         "/spec/jobTemplate/spec/template", "CronJob/n"},
	        {"DeploymentConfig", "apps.openshift.io/v1",
	         "{\"spec\":{\"template\":{\"P\":1}},\"metadata\":", "/spec/template",
	         "DeploymentConfig/n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct manifest_item *item;
		struct manifest *manifest;
		char text[512];

		snprintf(text, sizeof(text),
		         "\n "
		         "%s{\"name\":\"n\",\"namespace\":\"ns\"},\"kind\":\"%s\",\"apiVersion\":"
		         "\"%s\"}",
		         cases[i].open, cases[i].kind, cases[i].version);
		manifest = read_text(text);
		assert_int_equal(manifest_count(manifest), 1);
		item = manifest_item(manifest, 0);
		assert_string_equal(item->kind, cases[i].kind);
		assert_string_equal(item->namespace, "ns");
		assert_string_equal(item->name, "n");
		assert_int_equal(item->line, 2);
		assert_int_equal(item->column, 2);
		assert_true(item->is_workload);
		assert_int_equal(item->is_template, cases[i].workload != NULL);
		assert_string_equal(item->pod_pointer, cases[i].pointer);
		assert_true(json_object_object_get_ex(item->pod, "P", NULL));
		if (cases[i].workload)
			assert_string_equal(manifest_workload(manifest, 0), cases[i].workload);
		else
			assert_null(manifest_workload(manifest, 0));
		manifest_free(manifest);
	}
}

static void other_objects_are_no_workloads(void **state)
{
	static const char *const texts[] = {
	        "kind: Service\napiVersion: v1\nmetadata: {name: n}\n",
	        "kind: Job\napiVersion: batch.volcano.sh/v1alpha1\nspec: {template: {}}\n",
	        "kind: Pod\napiVersion: pods.example.com/v1\n",
	        "kind: List\napiVersion: v1\nitems: 3\n",
	        "kind: FooList\napiVersion: v1\nitems: [{kind: Pod}]\n",
	        "kind: [Pod]\n",
	        "just text\n",
	        "- kind: Pod\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct manifest *manifest = read_text(texts[i]);

		assert_int_equal(manifest_count(manifest), 1);
		assert_false(manifest_item(manifest, 0)->is_workload);
		assert_null(manifest_item(manifest, 0)->pod);
		assert_null(manifest_item(manifest, 0)->pod_pointer);
		assert_non_null(manifest_item(manifest, 0)->kind);
		manifest_free(manifest);
	}
}

static void a_workload_may_have_no_pod(void **state)
{
	static const char *const texts[] = {
	        "kind: Deployment\n",
	        "kind: Deployment\nspec: []\n",
	        "kind: Deployment\nspec: {template: }\n",
	        "kind: CronJob\nspec: {jobTemplate: {spec: text}}\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct manifest *manifest = read_text(texts[i]);

		assert_true(manifest_item(manifest, 0)->is_workload);
		assert_null(manifest_item(manifest, 0)->pod);
		manifest_free(manifest);
	}
}

static void lists_show_their_items(void **state)
{
	struct manifest *manifest = read_text(
	        "kind: List\napiVersion: v1\nitems:\n"
	        "- {kind: Pod, apiVersion: v1, metadata: {generateName: g-}}\n"
	        "- kind: List\n  items:\n  - {kind: Job, apiVersion: batch/v1, metadata: {name: "
	        "j}}\n"
	        "- 5\n- {kind: List, items: []}\n"
	        "---\nkind: PodList\napiVersion: v1\nitems: [{metadata: {name: p}}, text]\n"
	        "---\nkind: DeploymentList\napiVersion: apps/v1\nitems: [{metadata: {name: d}}]\n");

	(void)state;
	assert_int_equal(manifest_count(manifest), 6);
	assert_string_equal(manifest_item(manifest, 0)->name, "g-");
	assert_string_equal(manifest_workload(manifest, 1), "Job/j");
	assert_int_equal(manifest_item(manifest, 1)->line, 7);
	assert_false(manifest_item(manifest, 2)->is_workload);
	assert_string_equal(manifest_item(manifest, 3)->kind, "Pod");
	assert_non_null(manifest_item(manifest, 3)->pod);
	assert_false(manifest_item(manifest, 4)->is_workload);
	assert_string_equal(manifest_workload(manifest, 5), "Deployment/d");
	manifest_free(manifest);
}

static void patches_are_relative_to_the_item(void **state)
{
	struct manifest *manifest = read_text(
	        "kind: List\nitems:\n- kind: Service\n- kind: Job\n  spec:\n    template:\n"
	        "      spec: {a: 1}\n");
	struct json_object *patch =
	        json_tokener_parse("[{\"op\":\"add\",\"path\":\"/spec/b\",\"value\":[0]}]");
	struct json_object *lifted = manifest_lift(manifest_item(manifest, 1), patch);
	struct err err = {0};

	(void)state;
	assert_string_equal(
	        json_object_to_json_string_ext(lifted, JSON_C_TO_STRING_PLAIN |
	                                                       JSON_C_TO_STRING_NOSLASHESCAPE),
	        "[{\"op\":\"add\",\"path\":\"/spec/template/spec/b\",\"value\":[0]}]");
	assert_int_equal(manifest_apply(manifest, 1, lifted, &err), 0);
	json_object_put(lifted);
	json_object_put(patch);
	prints(manifest, MANIFEST_AS_READ,
	       "kind: List\nitems:\n- kind: Service\n- kind: Job\n  spec:\n    template:\n"
	       "      spec: {a: 1, b: [0]}\n");
	manifest_free(manifest);
}

static void nested_lists_end_somewhere(void **state)
{
	char text[1024];
	size_t len = 0;

	(void)state;
	for (int i = 0; i < MANIFEST_LISTS_MAX + 1; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		                        "{\"kind\":\"List\",\"items\":[");
	for (int i = 0; i < MANIFEST_LISTS_MAX + 1; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "]}");
	refused(text, len, "f:1:193: more than 8 Lists in each other");
}

TEST_MAIN(cmocka_unit_test(each_kind_of_workload_shows_its_pod),
          cmocka_unit_test(other_objects_are_no_workloads),
          cmocka_unit_test(a_workload_may_have_no_pod), cmocka_unit_test(lists_show_their_items),
          cmocka_unit_test(patches_are_relative_to_the_item),
          cmocka_unit_test(nested_lists_end_somewhere))
