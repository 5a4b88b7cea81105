#include "webhook/admit/log.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness.h"

static int saved = -1, reading = -1;

static void capture(void)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	saved = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	reading = ends[0];
}

/* What was logged since capture(), at most one pipe's worth. */
static char *captured(void)
{
	static char text[16384];
	ssize_t n;

	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(reading, text, sizeof(text) - 1);
	close(reading);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static struct json_object *only_line(char *text)
{
	char *end = strchr(text, '\n');
	struct json_object *line;

	assert_non_null(end);
	assert_string_equal(end, "\n");
	line = json_tokener_parse(text);
	assert_non_null(line);
	return line;
}

static const char *member(struct json_object *line, const char *name)
{
	return json_object_get_string(json_object_object_get(line, name));
}

static void a_line_is_one_object_with_time_level_and_message(void **unused)
{
	struct json_object *line;

	(void)unused;
	capture();
	log_say(LOG_WARN, "it \"failed\"\n", "error", "tab\there");
	line = only_line(captured());
	assert_string_equal(member(line, "level"), "warn");
	assert_string_equal(member(line, "msg"), "it \"failed\"\n");
	assert_string_equal(member(line, "error"), "tab\there");
	assert_int_equal(strlen(member(line, "time")), strlen("2026-01-01T00:00:00.000000Z"));
	json_object_put(line);
}

static void lines_below_the_level_are_left_out(void **unused)
{
	struct log_line line;

	(void)unused;
	capture();
	log_set_level(LOG_ERROR);
	log_say(LOG_WARN, "not this", NULL, NULL);
	assert_false(log_begin(&line, LOG_INFO, "nor this"));
	log_set_level(LOG_DEBUG);
	log_say(LOG_DEBUG, "this", NULL, NULL);
	log_set_level(LOG_INFO);
	json_object_put(only_line(captured()));
}

static void a_line_that_does_not_fit_keeps_its_message(void **unused)
{
	static char big[LOG_LINE_BYTES_MAX];
	struct json_object *line;

	(void)unused;
	memset(big, 'x', sizeof(big) - 1);
	capture();
	log_say(LOG_ERROR, "message", "error", big);
	line = only_line(captured());
	assert_string_equal(member(line, "msg"), "message");
	assert_null(member(line, "error"));
	json_object_put(line);
}

static void every_size_of_a_line_is_one_object(void **unused)
{
	static char text[LOG_LINE_BYTES_MAX];

	(void)unused;
	for (size_t len = LOG_LINE_BYTES_MAX - 200; len < LOG_LINE_BYTES_MAX; len++) {
		memset(text, 'y', len);
		text[len] = '\0';
		capture();
		log_say(LOG_ERROR, "m", "k", text);
		json_object_put(only_line(captured()));
	}
}

static void levels_have_their_names(void **unused)
{
	enum log_level level = LOG_DEBUG;

	(void)unused;
	assert_true(log_parse_level("error", &level));
	assert_int_equal(level, LOG_ERROR);
	assert_false(log_parse_level("Error", &level));
	assert_false(log_parse_level("", &level));
	assert_int_equal(level, LOG_ERROR);
}

TEST_MAIN(cmocka_unit_test(a_line_is_one_object_with_time_level_and_message),
          cmocka_unit_test(lines_below_the_level_are_left_out),
          cmocka_unit_test(a_line_that_does_not_fit_keeps_its_message),
          cmocka_unit_test(every_size_of_a_line_is_one_object),
          cmocka_unit_test(levels_have_their_names))
