#include "injector/install/install.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "injector/base/err.h"
#include "tests/harness.h"

struct dirs {
	char from[64], target[64];
};

static void put(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* What the file has, "" when there is none. */
static const char *get(const char *dir, const char *name)
{
	static char text[256];
	char path[128];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	if (!f)
		return "";
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static unsigned mode_of(const char *dir, const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static int set_up(void **state)
{
	struct dirs *d = calloc(1, sizeof(*d));

	memcpy(d->from, "/tmp/farguard-from-XXXXXX", 26);
	memcpy(d->target, "/tmp/farguard-target-XXXXXX", 28);
	if (!d || !mkdtemp(d->from) || !mkdtemp(d->target))
		return -1;
	put(d->from, "farguard", "the program");
	put(d->from, "libfarguard.so", "the library");
	*state = d;
	return 0;
}

static int tear_down(void **state)
{
	struct dirs *d = *state;
	static const char *const names[] = {"farguard", "libfarguard.so", "ld.so.preload",
	                                    ".farguard-install.farguard"};
	char path[128];
	size_t i;

	for (i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", d->from, names[i]);
		unlink(path);
		snprintf(path, sizeof(path), "%s/%s", d->target, names[i]);
		unlink(path);
	}
	rmdir(d->from);
	/* Fails when a test left something in it. */
	assert_int_equal(rmdir(d->target), 0);
	free(d);
	return 0;
}

static int install(const struct dirs *d, char line[INSTALL_LINE_MAX], struct err *err)
{
	struct install_options options = {d->from, d->target};

	return install_payload(&options, line, err);
}

static void the_payload_arrives_whole_with_its_modes_whatever_the_umask(void **state)
{
	struct dirs *d = *state;
	char line[INSTALL_LINE_MAX];
	struct err err;
	mode_t before = umask(0777);

	assert_int_equal(install(d, line, &err), 0);
	umask(before);
	assert_string_equal(get(d->target, "farguard"), "the program");
	assert_string_equal(get(d->target, "libfarguard.so"), "the library");
	assert_string_equal(get(d->target, "ld.so.preload"), "/.farguard/libfarguard.so\n");
	assert_int_equal(mode_of(d->target, "farguard"), 0755);
	assert_int_equal(mode_of(d->target, "libfarguard.so"), 0755);
	assert_int_equal(mode_of(d->target, "ld.so.preload"), 0644);
	assert_non_null(strstr(line, ", 48 bytes\n"));
}

static void a_second_run_replaces_what_is_there(void **state)
{
	struct dirs *d = *state;
	char line[INSTALL_LINE_MAX];
	struct err err;

	put(d->target, "farguard", "an older and longer program");
	put(d->target, ".farguard-install.farguard", "of a run that was killed");
	assert_int_equal(install(d, line, &err), 0);
	assert_int_equal(install(d, line, &err), 0);
	assert_string_equal(get(d->target, "farguard"), "the program");
	assert_string_equal(get(d->target, ".farguard-install.farguard"), "");
}

static void a_missing_library_leaves_the_older_payload_alone(void **state)
{
	struct dirs *d = *state;
	char line[INSTALL_LINE_MAX], path[128];
	struct err err;

	put(d->target, "farguard", "older");
	snprintf(path, sizeof(path), "%s/libfarguard.so", d->from);
	unlink(path);
	assert_int_equal(install(d, line, &err), -ENOENT);
	assert_non_null(strstr(err.text, "libfarguard.so"));
	assert_string_equal(get(d->target, "farguard"), "older");
	assert_string_equal(get(d->target, "ld.so.preload"), "");
}

static void a_full_volume_is_said_and_the_older_payload_stays(void **state)
{
	struct dirs *d = *state;
	static char big[256 * 1024];
	char line[INSTALL_LINE_MAX];
	struct err err;
	int got;

	if (mount("none", d->target, "tmpfs", 0, "size=64k") < 0)
		skip();
	put(d->target, "farguard", "older");
	memset(big, 'x', sizeof(big) - 1);
	put(d->from, "libfarguard.so", big);
	got = install(d, line, &err);
	assert_string_equal(get(d->target, "farguard"), "older");
	assert_string_equal(get(d->target, ".farguard-install.libfarguard.so"), "");
	umount2(d->target, MNT_DETACH);
	assert_int_equal(got, -ENOSPC);
	assert_non_null(strstr(err.text, "No space left"));
}

static void a_target_that_is_no_directory_is_an_error(void **state)
{
	struct dirs *d = *state;
	struct install_options options = {d->from, "/etc/passwd"};
	char line[INSTALL_LINE_MAX];
	struct err err;

	assert_int_equal(install_payload(&options, line, &err), -ENOTDIR);
	options.from = "/nonexistent";
	assert_int_equal(install_payload(&options, line, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent"));
}

static void flags_are_understood_or_refused_by_name(void **state)
{
	struct install_options o;
	struct err err;

	(void)state;
	assert_int_equal(install_parse(&o, (char *[]){"/t", NULL}, &err), 0);
	assert_string_equal(o.from, "/");
	assert_string_equal(o.target, "/t");
	assert_int_equal(install_parse(&o, (char *[]){"--from", "/f", "/t", NULL}, &err), 0);
	assert_string_equal(o.from, "/f");
	assert_int_equal(install_parse(&o, (char *[]){NULL}, &err), -EINVAL);
	assert_int_equal(install_parse(&o, (char *[]){"--from", NULL}, &err), -EINVAL);
	assert_int_equal(install_parse(&o, (char *[]){"a", "b", NULL}, &err), -EINVAL);
	assert_int_equal(install_parse(&o, (char *[]){"--force", "b", NULL}, &err), -EINVAL);
	assert_non_null(strstr(err.text, "--force"));
}

static void last_words_go_into_a_log_that_exists_and_nowhere_else(void **state)
{
	struct dirs *d = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/farguard", d->target);
	install_last_words(path, "why");
	assert_string_equal(get(d->target, "farguard"), "");
	assert_int_equal(access(path, F_OK), -1);
	put(d->target, "farguard", "");
	install_last_words(path, "why");
	assert_string_equal(get(d->target, "farguard"), "why");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

TEST_MAIN(CASE(the_payload_arrives_whole_with_its_modes_whatever_the_umask),
          CASE(a_second_run_replaces_what_is_there),
          CASE(a_missing_library_leaves_the_older_payload_alone),
          CASE(a_full_volume_is_said_and_the_older_payload_stays),
          CASE(a_target_that_is_no_directory_is_an_error),
          CASE(flags_are_understood_or_refused_by_name),
          CASE(last_words_go_into_a_log_that_exists_and_nowhere_else))
