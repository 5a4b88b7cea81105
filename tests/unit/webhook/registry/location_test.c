#include "webhook/registry/location.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness.h"
#include "webhook/registry/query.h"

static void assert_place(const char *text, const char *from, const char *base, const char *path)
{
	struct location at;

	assert_int_equal(location_parse(test_tail(text, strlen(text) + 1), from, true, &at), 0);
	assert_string_equal(at.base, base);
	assert_string_equal(at.path, path);
}

static void address_is_taken_apart(void **state)
{
	(void)state;
	assert_place("https://A.Example/x/Y?z=%2F#f", NULL, "https://a.example", "/x/Y?z=%2F");
	assert_place("HTTPS://a:443", NULL, "https://a", "/");
	assert_place("https://a:8443?x", NULL, "https://a:8443", "/?x");
	assert_place("https://[fd00::1]:443/x", NULL, "https://[fd00::1]", "/x");
	assert_place("http://127.0.0.1:80/x", NULL, "http://127.0.0.1", "/x");
	assert_place("http://127.0.0.1:443/x", NULL, "http://127.0.0.1:443", "/x");
}

static void what_is_left_out_is_where_we_are(void **state)
{
	(void)state;
	assert_place("/y", "https://a:5", "https://a:5", "/y");
	assert_place("//b/y", "https://a:5", "https://b", "/y");
	assert_place("https://b/y", "https://a:5", "https://b", "/y");
	assert_place("//127.0.0.1/y", "http://127.0.0.1:5", "http://127.0.0.1", "/y");
}

static void what_could_be_anything_is_refused(void **state)
{
	static const char *const wrong[] = {
	        "",
	        "x",
	        "x/y",
	        "?x",
	        "https:",
	        "https://",
	        "https:///x",
	        "https://:443",
	        "https://:5",
	        "https://a b/",
	        "https://a/ ",
	        "https://a/\t",
	        "https://a/\r\nX: y",
	        "https://a/\x7f",
	        "https://a/\xc3\xa9",
	        "https://u@a/",
	        "https://u:p@a/",
	        "https://a\\b/",
	        "https://a/\\b",
	        "http://a/",
	        "http://localhost/",
	        "ftp://a/",
	        "data:x",
	        "https://a%2eb/",
	};
	struct location at;
	char *text = malloc(LOCATION_PATH_MAX + 100);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (location_parse(wrong[i], "https://from", true, &at) == 0)
			fail_msg("\"%s\" is taken", wrong[i]);
	assert_int_equal(location_parse("/x", NULL, true, &at), -EINVAL);
	assert_int_equal(location_parse("//a/x", NULL, true, &at), -EINVAL);
	assert_int_equal(location_parse("http://127.0.0.1/", "https://a", false, &at), -EINVAL);
	for (int len = 245; len < 265; len++) {
		snprintf(text, 400, "https://%0*d/", len, 0);
		assert_int_equal(location_parse(text, NULL, false, &at), len <= 253 ? 0 : -EINVAL);
	}
	for (int len = LOCATION_PATH_MAX - 5; len < LOCATION_PATH_MAX + 5; len++) {
		snprintf(text, LOCATION_PATH_MAX + 100, "https://a/%0*d", len - 1, 0);
		assert_int_equal(location_parse(text, NULL, false, &at),
		                 len < LOCATION_PATH_MAX ? 0 : -EINVAL);
	}
	free(text);
}

static void values_are_written_so_that_they_stay_values(void **state)
{
	struct location at;
	char text[24] = "";

	(void)state;
	assert_int_equal(location_parse("https://a/t?", NULL, false, &at), 0);
	assert_int_equal(location_add(&at, "x", "1&y=2 +%\"", 9), 0);
	assert_int_equal(location_add(&at, "z", "", 0), 0);
	assert_string_equal(at.path, "/t?x=1%26y%3D2%20%2B%25%22&z=");
	/* What does not fit is not begun. */
	assert_int_equal(query_add(text, sizeof(text), "name", "value", 5), 0);
	assert_int_equal(query_add(text, sizeof(text), "n", "0123456789abcdef", 16), -ENAMETOOLONG);
	assert_string_equal(text, "name=value");
	assert_int_equal(query_add(text, sizeof(text), "a-name-that-is-too-long", "", 0),
	                 -ENAMETOOLONG);
	assert_string_equal(text, "name=value");
	for (size_t cap = 1; cap < sizeof(text); cap++) {
		char *room = malloc(cap);

		assert_non_null(room);
		room[0] = '\0';
		query_add(room, cap, "a", "\xff\xfe", 2);
		assert_true(strlen(room) < cap);
		free(room);
	}
}

static void path_that_is_full_takes_no_more(void **state)
{
	struct location *at = calloc(1, sizeof(*at));

	(void)state;
	assert_non_null(at);
	memset(at->path, 'p', sizeof(at->path) - 1);
	assert_int_equal(location_add(at, "x", "1", 1), -ENAMETOOLONG);
	at->path[sizeof(at->path) - 4] = '\0';
	assert_int_equal(location_add(at, "x", "1", 1), -ENAMETOOLONG);
	assert_true(strlen(at->path) < sizeof(at->path));
	free(at);
}

TEST_MAIN(cmocka_unit_test(address_is_taken_apart),
          cmocka_unit_test(what_is_left_out_is_where_we_are),
          cmocka_unit_test(what_could_be_anything_is_refused),
          cmocka_unit_test(values_are_written_so_that_they_stay_values),
          cmocka_unit_test(path_that_is_full_takes_no_more))
