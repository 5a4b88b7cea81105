#include "injector/proc/path.h"

#include <stdlib.h>

#include "tests/harness.h"

static bool cut;

static struct str tail(const char *s)
{
	return (struct str){test_tail(s, strlen(s)), strlen(s)};
}

/* The joined path; every strict prefix of it must come out of less room, cut. */
static const char *join(const char *cwd, const char *path)
{
	static char out[256], small[256];
	size_t len, cap;

	cut = false;
	len = path_join(tail(cwd), tail(path), out, sizeof(out), &cut);
	assert_int_equal(strlen(out), len);
	for (cap = 2; cap <= len; cap++) {
		bool small_cut = false;
		size_t n;

		memset(small, 'x', sizeof(small));
		n = path_join(tail(cwd), tail(path), small, cap, &small_cut);
		assert_true(n < cap);
		assert_int_equal(small[n], '\0');
		assert_int_equal(small[cap], 'x');
	}
	return out;
}

static void what_is_absolute_stays_and_loses_dots_and_double_slashes(void **state)
{
	(void)state;
	assert_string_equal(join("/srv", "/bin/ls"), "/bin/ls");
	assert_string_equal(join("", "//bin///./ls/"), "/bin/ls");
	assert_string_equal(join("", "/a/b/../c/./../d"), "/a/d");
	assert_string_equal(join("", "/"), "/");
	assert_false(cut);
}

static void what_is_relative_stands_below_the_directory(void **state)
{
	(void)state;
	assert_string_equal(join("/srv/app", "run.sh"), "/srv/app/run.sh");
	assert_string_equal(join("/srv/app", "../x"), "/srv/x");
	assert_string_equal(join("/srv/app/", "./x/.."), "/srv/app");
	assert_string_equal(join("/", "x"), "/x");
	assert_string_equal(join("/srv", ""), "/srv");
}

static void nothing_goes_above_the_root(void **state)
{
	(void)state;
	assert_string_equal(join("", "/../../etc/shadow"), "/etc/shadow");
	assert_string_equal(join("/a", "../../../../etc/shadow"), "/etc/shadow");
	assert_string_equal(join("/", ".."), "/");
}

static void without_a_directory_it_stays_relative_and_keeps_its_leading_dots(void **state)
{
	(void)state;
	assert_string_equal(join("", "run.sh"), "run.sh");
	assert_string_equal(join("", "../../x"), "../../x");
	assert_string_equal(join("", "a/../../x"), "../x");
	assert_string_equal(join("", "a/.."), "");
	assert_string_equal(join("", "../a/../b"), "../b");
	assert_string_equal(join("(unreachable)/w", "x"), "(unreachable)/w/x");
}

static void what_does_not_fit_is_cut_and_says_so(void **state)
{
	char out[8];
	bool small_cut = false;

	(void)state;
	assert_int_equal(path_join(STR("/ab"), STR("cdef"), out, 8, &small_cut), 7);
	assert_string_equal(out, "/ab/cde");
	assert_true(small_cut);
	small_cut = false;
	assert_int_equal(path_join(STR("/ab"), STR("cde"), out, 8, &small_cut), 7);
	assert_false(small_cut);
	/* After a cut nothing goes back up: it would name another place. */
	path_join(STR(""), STR("/abcdefghij/../etc"), out, 8, &small_cut);
	assert_string_equal(out, "/abcdef");
	assert_true(small_cut);
}

static void a_name_is_what_stands_behind_the_last_slash(void **state)
{
	(void)state;
	assert_true(str_eq(path_name(STR("/bin/ls")), STR("ls")));
	assert_true(str_eq(path_name(STR("ls")), STR("ls")));
	assert_true(str_eq(path_name(STR("/bin/")), STR("")));
	assert_true(str_eq(path_name(STR("")), STR("")));
}

TEST_MAIN(cmocka_unit_test(what_is_absolute_stays_and_loses_dots_and_double_slashes),
          cmocka_unit_test(what_is_relative_stands_below_the_directory),
          cmocka_unit_test(nothing_goes_above_the_root),
          cmocka_unit_test(without_a_directory_it_stays_relative_and_keeps_its_leading_dots),
          cmocka_unit_test(what_does_not_fit_is_cut_and_says_so),
          cmocka_unit_test(a_name_is_what_stands_behind_the_last_slash))
