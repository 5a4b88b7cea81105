#include "injector/launch/pid1.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness.h"

static char dir[] = "/tmp/farguard-pid1-XXXXXX";

static const char *at(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	fclose(f);
}

static enum pid1_need need(const char *file, const char *a, const char *b, const char *c)
{
	char *argv[] = {(char *)(uintptr_t)a, (char *)(uintptr_t)b, (char *)(uintptr_t)c, NULL};

	return pid1_need(file, argv);
}

static void a_choice_is_one_of_three_words(void **state)
{
	enum pid1_choice choice;

	(void)state;
	assert_true(pid1_parse(&choice, "program"));
	assert_int_equal(choice, PID1_PROGRAM);
	assert_true(pid1_parse(&choice, "farguard"));
	assert_int_equal(choice, PID1_FARGUARD);
	assert_true(pid1_parse(&choice, "auto"));
	assert_int_equal(choice, PID1_AUTO);
	choice = PID1_PROGRAM;
	assert_false(pid1_parse(&choice, "Program"));
	assert_int_equal(choice, PID1_AUTO);
	assert_false(pid1_parse(&choice, ""));
}

static void an_init_is_known_by_its_name(void **state)
{
	(void)state;
	write_file("runit", "");
	write_file("tini", "");
	write_file("nginx", "");
	write_file("init", "");
	assert_int_equal(need("/sbin/init", "/sbin/init", NULL, NULL), PID1_NEEDS_FIRST);
	assert_int_equal(need("/lib/systemd/systemd", "x", "--system", NULL), PID1_NEEDS_FIRST);
	assert_int_equal(need(at("runit"), "runit", NULL, NULL), PID1_NEEDS_FIRST);
	assert_int_equal(need(at("tini"), "tini", "--", "/sbin/init"), PID1_NEEDS_ORPHANS);
	assert_int_equal(need(at("nginx"), "nginx", NULL, NULL), PID1_NEEDS_NOTHING);
	assert_int_equal(need(at("nginx"), "nginx", "/sbin/init", NULL), PID1_NEEDS_NOTHING);
	/* Some application's own. */
	assert_int_equal(need(at("init"), "init", NULL, NULL), PID1_NEEDS_NOTHING);
	assert_int_equal(need("/no/such", "x", NULL, NULL), PID1_NEEDS_NOTHING);
}

static void so_is_what_a_link_leads_to(void **state)
{
	(void)state;
	write_file("busybox", "");
	assert_int_equal(symlink("runit", at("start")), 0);
	assert_int_equal(symlink("busybox", at("linked-init")), 0);
	assert_int_equal(need(at("start"), "start", NULL, NULL), PID1_NEEDS_FIRST);
	assert_int_equal(need(at("linked-init"), "/init", NULL, NULL), PID1_NEEDS_FIRST);
	assert_int_equal(need(at("busybox"), "busybox", "init", NULL), PID1_NEEDS_FIRST);
	assert_int_equal(need(at("busybox"), "busybox", "sh", NULL), PID1_NEEDS_NOTHING);
	assert_int_equal(need(at("linked-init"), "sh", NULL, NULL), PID1_NEEDS_NOTHING);
}

static void a_script_may_execute_one(void **state)
{
	(void)state;
	write_file("entrypoint.sh", "#!/bin/sh\nexec \"$@\"\n");
	write_file("dash", "");
	assert_int_equal(need(at("entrypoint.sh"), "entrypoint.sh", "/sbin/init", NULL),
	                 PID1_NEEDS_FIRST);
	assert_int_equal(need(at("entrypoint.sh"), "entrypoint.sh", "nginx", NULL),
	                 PID1_NEEDS_NOTHING);
	assert_int_equal(need(at("dash"), "/bin/sh", "/entrypoint.sh", "/sbin/init"),
	                 PID1_NEEDS_FIRST);
	assert_int_equal(need(at("dash"), "sh", "-c", "exec /sbin/init --x"), PID1_NEEDS_FIRST);
	assert_int_equal(need(at("dash"), "sh", "-c", "ls /sbin/init"), PID1_NEEDS_NOTHING);
	assert_int_equal(need(at("dash"), "sh", "-c", "exec /usr/bin/node"), PID1_NEEDS_NOTHING);
	assert_int_equal(need(at("dash"), "sh", "-c", "exec /"), PID1_NEEDS_NOTHING);
}

static void by_itself_only_who_insists_is_process_1(void **state)
{
	(void)state;
	assert_true(pid1_is_program(PID1_AUTO, PID1_NEEDS_FIRST, false));
	assert_false(pid1_is_program(PID1_AUTO, PID1_NEEDS_ORPHANS, false));
	assert_false(pid1_is_program(PID1_AUTO, PID1_NEEDS_NOTHING, false));
	/* What process 1 executes in its place keeps its children. */
	assert_true(pid1_is_program(PID1_AUTO, PID1_NEEDS_NOTHING, true));
	assert_false(pid1_is_program(PID1_FARGUARD, PID1_NEEDS_FIRST, false));
	assert_true(pid1_is_program(PID1_PROGRAM, PID1_NEEDS_NOTHING, false));
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	static const char *const names[] = {"runit",       "tini",          "nginx",
	                                    "init",        "busybox",       "start",
	                                    "linked-init", "entrypoint.sh", "dash"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(at(names[i]));
	return rmdir(dir);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
	        cmocka_unit_test(a_choice_is_one_of_three_words),
	        cmocka_unit_test(an_init_is_known_by_its_name),
	        cmocka_unit_test(so_is_what_a_link_leads_to),
	        cmocka_unit_test(a_script_may_execute_one),
	        cmocka_unit_test(by_itself_only_who_insists_is_process_1),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(cases, set_up, tear_down);
}
