#include "webhook/admit/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"
#include "webhook/admit/circuit.h"

static char *formatted(struct metrics *metrics)
{
	static const struct circuit_row circuits[] = {{"shop", true}, {"bank", false}};
	static const struct metrics_watch watches[] = {{"namespaces", 7, 3}, {"pods", 10000, 0}};
	static const struct images_counts images = {
	        .hits = 9, .misses = 5, .late = 2, .fetches = 4, .failures = 1, .refused = 3};
	struct metrics_state state = {.images = &images,
	                              .certificate_expiry_s = 1800000000,
	                              .watches = watches,
	                              .watch_count = 2,
	                              .circuits = circuits,
	                              .circuit_count = 2,
	                              .is_config_good = true,
	                              .config_good_s = 1700000000};
	size_t len = 0;
	char *text = metrics_format(metrics, &state, &len);

	assert_non_null(text);
	assert_int_equal(len, strlen(text));
	return text;
}

static void has(const char *text, const char *line)
{
	char want[256];

	snprintf(want, sizeof(want), "\n%s\n", line);
	if (!strstr(text, want))
		fail_msg("no line \"%s\" in:\n%s", line, text);
}

static void reviews_are_counted_by_operation_and_reason(void **unused)
{
	static struct metrics metrics;
	char *text;

	(void)unused;
	metrics_count_review(&metrics, "CREATE", REASON_INJECTED, 60);
	metrics_count_review(&metrics, "CREATE", REASON_INJECTED, 70);
	metrics_count_review(&metrics, "UPDATE", REASON_UNSUPPORTED_KIND, 10);
	text = formatted(&metrics);
	has(text, "farguard_admission_requests_total{operation=\"CREATE\",reason=\"injected\"} 2");
	has(text, "farguard_admission_requests_total{operation=\"UPDATE\",reason=\"unsupported-"
	          "kind\"} 1");
	free(text);
}

static void an_operation_that_nobody_knows_makes_no_series(void **unused)
{
	static struct metrics metrics;
	char *text;

	(void)unused;
	metrics_count_review(&metrics, "x\"} 1\nevil 1", REASON_MALFORMED, 1);
	metrics_count_review(&metrics, "", REASON_MALFORMED, 1);
	text = formatted(&metrics);
	has(text, "farguard_admission_requests_total{operation=\"other\",reason=\"malformed\"} 2");
	assert_null(strstr(text, "evil"));
	free(text);
}

static void buckets_hold_what_is_not_above_their_bound(void **unused)
{
	static struct metrics metrics;
	char *text;

	(void)unused;
	metrics_count_review(&metrics, "CREATE", REASON_INJECTED, 50);
	metrics_count_review(&metrics, "CREATE", REASON_INJECTED, 51);
	metrics_count_review(&metrics, "CREATE", REASON_INJECTED, 3000000);
	metrics_count_review(&metrics, "CREATE", REASON_INJECTED, 3000001);
	text = formatted(&metrics);
	has(text, "farguard_admission_duration_seconds_bucket{le=\"5e-05\"} 1");
	has(text, "farguard_admission_duration_seconds_bucket{le=\"0.0001\"} 2");
	has(text, "farguard_admission_duration_seconds_bucket{le=\"3\"} 3");
	has(text, "farguard_admission_duration_seconds_bucket{le=\"+Inf\"} 4");
	has(text, "farguard_admission_duration_seconds_sum 6.000102");
	has(text, "farguard_admission_duration_seconds_count 4");
	free(text);
}

static void answers_are_counted_by_status(void **unused)
{
	static struct metrics metrics;
	char *text;

	(void)unused;
	metrics_count_response(&metrics, 200);
	metrics_count_response(&metrics, 418);
	metrics_count_response(&metrics, 500);
	text = formatted(&metrics);
	has(text, "farguard_admission_responses_total{code=\"200\"} 1");
	has(text, "farguard_admission_responses_total{code=\"413\"} 0");
	has(text, "farguard_admission_responses_total{code=\"other\"} 2");
	has(text, "farguard_certificate_expiry_timestamp_seconds 1800000000");
	has(text, "farguard_config_last_reload_successful 1");
	has(text, "farguard_config_last_reload_success_timestamp_seconds 1700000000");
	has(text, "farguard_watch_objects{resource=\"namespaces\"} 7");
	has(text, "farguard_image_lookups_total{outcome=\"asked\"} 3");
	has(text, "farguard_registry_fetches_total{success=\"false\"} 1");
	has(text, "farguard_watch_errors_total{resource=\"namespaces\"} 3");
	has(text, "farguard_watch_objects{resource=\"pods\"} 10000");
	has(text, "farguard_circuit_open{namespace=\"shop\"} 1");
	has(text, "farguard_circuit_open{namespace=\"bank\"} 0");
	has(text, "farguard_watch_errors_total{resource=\"pods\"} 0");
	free(text);
}

static void every_series_is_described_before_it_comes(void **unused)
{
	static struct metrics metrics;
	char *text = formatted(&metrics), *rest = text, *line, type[128] = "";

	(void)unused;
	while ((line = strsep(&rest, "\n"))) {
		if (strncmp(line, "# TYPE ", 7) == 0)
			snprintf(type, sizeof(type), "%.*s", (int)strcspn(line + 7, " "), line + 7);
		else if (*line && *line != '#')
			assert_int_equal(strncmp(line, type, strlen(type)), 0);
	}
	free(text);
}

TEST_MAIN(cmocka_unit_test(reviews_are_counted_by_operation_and_reason),
          cmocka_unit_test(an_operation_that_nobody_knows_makes_no_series),
          cmocka_unit_test(buckets_hold_what_is_not_above_their_bound),
          cmocka_unit_test(answers_are_counted_by_status),
          cmocka_unit_test(every_series_is_described_before_it_comes))
