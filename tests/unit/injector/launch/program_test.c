#include "injector/launch/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness.h"

#define LIBRARY "/.farguard/libfarguard.so"

static void expect(char *const *envp, bool preload, const char *extra, const char *const *want)
{
	char **got = program_environment(envp, preload, extra);
	size_t i;

	assert_non_null(got);
	for (i = 0; want[i] && got[i]; i++)
		assert_string_equal(got[i], want[i]);
	assert_null(want[i]);
	assert_null(got[i]);
	free(got);
}

static void an_environment_that_needs_nothing_stays_as_it_is(void **state)
{
	char *odd[] = {"A=1", "A=2", "no equals sign", "", "=", "LD_PRELOAD=/x.so", NULL};

	(void)state;
	expect(odd, false, NULL,
	       (const char *[]){odd[0], odd[1], odd[2], odd[3], odd[4], odd[5], NULL});
	expect((char *[]){NULL}, false, NULL, (const char *[]){NULL});
}

static void the_library_comes_behind_what_is_preloaded_in_the_same_place(void **state)
{
	(void)state;
	expect((char *[]){"A=1", "LD_PRELOAD=/x.so", "B=2", NULL}, true, NULL,
	       (const char *[]){"A=1", "LD_PRELOAD=/x.so:" LIBRARY, "B=2", NULL});
	expect((char *[]){"LD_PRELOAD=", NULL}, true, NULL,
	       (const char *[]){"LD_PRELOAD=" LIBRARY, NULL});
	expect((char *[]){"A=1", NULL}, true, NULL,
	       (const char *[]){"A=1", "LD_PRELOAD=" LIBRARY, NULL});
	expect((char *[]){NULL}, true, NULL, (const char *[]){"LD_PRELOAD=" LIBRARY, NULL});
}

static void a_name_that_begins_alike_is_another_variable(void **state)
{
	(void)state;
	expect((char *[]){"LD_PRELOADS=/x", "XLD_PRELOAD=/x", NULL}, true, NULL,
	       (const char *[]){"LD_PRELOADS=/x", "XLD_PRELOAD=/x", "LD_PRELOAD=" LIBRARY, NULL});
}

static void the_library_never_stands_there_twice(void **state)
{
	static const char *const lists[] = {"LD_PRELOAD=" LIBRARY, "LD_PRELOAD=/x.so:" LIBRARY,
	                                    "LD_PRELOAD=" LIBRARY " /x.so",
	                                    "LD_PRELOAD=:" LIBRARY ":"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		expect((char *[]){(char *)(uintptr_t)lists[i], NULL}, true, NULL,
		       (const char *[]){lists[i], NULL});
	expect((char *[]){"LD_PRELOAD=" LIBRARY ".old", NULL}, true, NULL,
	       (const char *[]){"LD_PRELOAD=" LIBRARY ".old:" LIBRARY, NULL});
}

static void of_several_variables_each_gets_it(void **state)
{
	(void)state;
	expect((char *[]){"LD_PRELOAD=/a", "LD_PRELOAD=" LIBRARY, "LD_PRELOAD=/b", NULL}, true,
	       "C=3",
	       (const char *[]){"LD_PRELOAD=/a:" LIBRARY, "LD_PRELOAD=" LIBRARY,
	                        "LD_PRELOAD=/b:" LIBRARY, "C=3", NULL});
}

static void only_a_preload_file_that_names_the_library_does_without_the_variable(void **state)
{
	(void)state;
	assert_false(program_needs_preload(LIBRARY "\n", false));
	assert_false(program_needs_preload("/x.so\n" LIBRARY, false));
	assert_false(program_needs_preload("/x.so:" LIBRARY " /y.so", false));
	assert_true(program_needs_preload("", false));
	assert_true(program_needs_preload("/x" LIBRARY, false));
	assert_true(program_needs_preload(LIBRARY "x\n", false));
	assert_true(program_needs_preload(LIBRARY "\n", true));
}

struct place {
	char dir[64], path[256], file[128];
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	memcpy(p->dir, "/tmp/farguard-path-XXXXXX", 26);
	if (!p || !mkdtemp(p->dir))
		return -1;
	snprintf(p->file, sizeof(p->file), "%s/farguard-test-cmd", p->dir);
	snprintf(p->path, sizeof(p->path), "/nonexistent:%s:/usr/bin", p->dir);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	unlink(p->file);
	rmdir(p->file);
	rmdir(p->dir);
	free(p);
	return 0;
}

static void make(const char *file, mode_t mode)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void a_name_is_searched_and_what_cannot_be_executed_is_passed_over(void **state)
{
	struct place *p = *state;
	char out[PROGRAM_PATH_MAX];

	assert_int_equal(program_look_up("farguard-test-cmd", p->path, out), -ENOENT);
	make(p->file, 0644);
	assert_int_equal(program_look_up("farguard-test-cmd", p->path, out), -ENOENT);
	make(p->file, 0755);
	assert_int_equal(program_look_up("farguard-test-cmd", p->path, out), 0);
	assert_string_equal(out, p->file);
	assert_int_equal(program_look_up("farguard-test-cmd", "", out), -ENOENT);
}

static void a_directory_is_no_program(void **state)
{
	struct place *p = *state;
	char out[PROGRAM_PATH_MAX];

	assert_int_equal(mkdir(p->file, 0755), 0);
	assert_int_equal(program_look_up("farguard-test-cmd", p->path, out), -ENOENT);
	assert_int_equal(program_look_up(p->file, p->path, out), -EISDIR);
}

static void a_name_with_a_slash_is_a_path_and_says_what_is_wrong(void **state)
{
	struct place *p = *state;
	char out[PROGRAM_PATH_MAX];

	assert_int_equal(program_look_up(p->file, NULL, out), -ENOENT);
	make(p->file, 0644);
	assert_int_equal(program_look_up(p->file, NULL, out), -EACCES);
	make(p->file, 0755);
	assert_int_equal(program_look_up(p->file, NULL, out), 0);
	assert_string_equal(out, p->file);
	assert_int_equal(program_look_up("/etc/passwd/x", NULL, out), -ENOTDIR);
	assert_int_equal(program_look_up("", p->path, out), -ENOENT);
}

static void without_a_path_the_runtimes_default_is_searched(void **state)
{
	char out[PROGRAM_PATH_MAX];

	(void)state;
	assert_int_equal(program_look_up("sh", NULL, out), 0);
	assert_int_equal(out[0], '/');
}

static void a_name_or_directory_too_long_to_be_a_path_is_not_found(void **state)
{
	static char longest[PROGRAM_PATH_MAX + 10];
	char out[PROGRAM_PATH_MAX];
	size_t len;

	(void)state;
	memset(longest, 'a', sizeof(longest) - 1);
	assert_int_equal(program_look_up(longest, "/bin", out), -ENOENT);
	for (len = PROGRAM_PATH_MAX - 8; len < PROGRAM_PATH_MAX + 2; len++) {
		longest[len] = '\0';
		assert_int_equal(program_look_up("sh-none", longest, out), -ENOENT);
		longest[len] = 'a';
	}
}

#define PLACED(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

TEST_MAIN(cmocka_unit_test(an_environment_that_needs_nothing_stays_as_it_is),
          cmocka_unit_test(the_library_comes_behind_what_is_preloaded_in_the_same_place),
          cmocka_unit_test(a_name_that_begins_alike_is_another_variable),
          cmocka_unit_test(the_library_never_stands_there_twice),
          cmocka_unit_test(of_several_variables_each_gets_it),
          cmocka_unit_test(only_a_preload_file_that_names_the_library_does_without_the_variable),
          PLACED(a_name_is_searched_and_what_cannot_be_executed_is_passed_over),
          PLACED(a_directory_is_no_program),
          PLACED(a_name_with_a_slash_is_a_path_and_says_what_is_wrong),
          cmocka_unit_test(without_a_path_the_runtimes_default_is_searched),
          cmocka_unit_test(a_name_or_directory_too_long_to_be_a_path_is_not_found))
