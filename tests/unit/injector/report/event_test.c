#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/injector/report/lines.h"

static const struct proc shell = {.pid = 7, .name = "sh", .exe = "/bin/dash"};

#define PROC_LS                                                                                    \
	",\"proc\":{\"pid\":8,\"ppid\":7,\"name\":\"ls\",\"exe\":\"/bin/ls\","                     \
	"\"args\":[\"ls\",\"\",\"-l\"],\"cwd\":\"/srv\",\"uid\":33,\"gid\":34,"                    \
	"\"user\":\"www\",\"tty\":34816,\"origin\":\"exec\","                                      \
	"\"parents\":[{\"pid\":7,\"name\":\"sh\",\"exe\":\"/bin/dash\"}]}"

static struct proc_event event_of(enum proc_type type)
{
	return (struct proc_event){.type = type,
	                           .claimed = true,
	                           .result_known = true,
	                           .pid = 8,
	                           .ppid = 7,
	                           .uid = 33,
	                           .gid = 34,
	                           .tty = 34816,
	                           .origin = PROC_ORIGIN_EXEC,
	                           .name = STR("ls"),
	                           .exe = STR("/bin/ls"),
	                           .cwd = STR("/srv"),
	                           .args = {"ls\0\0-l", 7},
	                           .parents = {&shell},
	                           .parent_count = 1};
}

static const char *said(const struct proc_event *event)
{
	const char *text = text_of(report_event(line, &of_web, event, STR("www")));

	assert_true(is_json(text));
	return text;
}

static bool says(const struct proc_event *event, const char *part)
{
	return strstr(said(event), part) != NULL;
}

static void an_execve_has_all_that_is_known_of_its_process(void **state)
{
	struct proc_event event = event_of(PROC_EXECVE);

	(void)state;
	assert_string_equal(said(&event),
	                    BEGIN_CONTAINER("event") ",\"type\":\"execve\",\"class\":\"process\","
	                                             "\"rung\":\"preload\",\"result\":0,"
	                                             "\"resultSource\":\"observed\","
	                                             "\"claimed\":true" PROC_LS "}");
	event.result_known = false;
	event.origin = PROC_ORIGIN_UNKNOWN;
	event.parent_count = 0;
	assert_true(says(&event, "\"rung\":\"preload\",\"resultSource\":\"unknown\""));
	assert_false(says(&event, "origin"));
	assert_true(says(&event, "\"parents\":[]"));
}

static void an_openat_has_its_path_and_its_flags_by_name(void **state)
{
	struct proc_event event = event_of(PROC_OPENAT);

	(void)state;
	event.path = STR("/etc/\"passwd\"");
	event.flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
	event.mode = 0644;
	event.result = 3;
	assert_string_equal(
	        said(&event),
	        BEGIN_CONTAINER("event") ",\"type\":\"openat\",\"class\":\"file\","
	                                 "\"rung\":\"preload\",\"result\":3,"
	                                 "\"resultSource\":\"observed\",\"claimed\":true" PROC_LS
	                                 ",\"file\":{\"path\":\"/etc/\\\"passwd\\\"\","
	                                 "\"flags\":\"O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC\","
	                                 "\"mode\":\"0644\"}}");
	event.flags = O_RDWR | O_TMPFILE | O_SYNC;
	event.mode = 0;
	assert_true(says(&event, "\"flags\":\"O_RDWR|O_SYNC|O_TMPFILE\",\"mode\":\"00\""));
	event.flags = O_RDWR | O_DIRECTORY | O_DSYNC;
	assert_true(says(&event, "\"flags\":\"O_RDWR|O_DSYNC|O_DIRECTORY\""));
	event.flags = event.mode = UINT32_MAX;
	assert_true(says(&event, "\"flags\":\"O_ACCMODE|O_CREAT|"));
	event.path_cut = true;
	assert_true(says(&event, "\"mode\":\"037777777777\",\"cut\":true}"));
}

static void address(struct proc_event *event, const void *bytes, size_t len)
{
	event->address = (struct str){test_tail(bytes, len), len};
}

static void a_connect_names_the_other_end(void **state)
{
	struct proc_event event = event_of(PROC_CONNECT);
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(443)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(53)};
	size_t len;

	(void)state;
	v4.sin_addr.s_addr = htonl(0x0a000102);
	address(&event, &v4, sizeof(v4));
	assert_true(says(&event, PROC_LS ",\"net\":{\"family\":\"ipv4\",\"dst\":\"10.0.1.2\","
	                                 "\"dport\":443}}"));
	event.result_known = false;
	event.result = -EINPROGRESS;
	assert_true(says(&event, "\"result\":-115,\"resultSource\":\"unknown\""));
	event.result = 0; /* forged, and still by the schema */
	assert_true(says(&event, "\"result\":0,\"resultSource\":\"unknown\""));
	v6.sin6_addr = in6addr_loopback;
	address(&event, &v6, sizeof(v6));
	assert_true(says(&event, "\"net\":{\"family\":\"ipv6\",\"dst\":\"::1\",\"dport\":53}"));
	/* What is too short for its family is one by number. */
	for (len = 2; len < 8; len++) {
		address(&event, &v4, len);
		assert_true(says(&event, "\"net\":{\"family\":\"2\"}"));
	}
	for (len = 2; len < 24; len++) {
		address(&event, &v6, len);
		assert_true(says(&event, "\"net\":{\"family\":\"10\"}"));
	}
}

static void a_unix_socket_has_its_path_or_its_abstract_name(void **state)
{
	struct proc_event event = event_of(PROC_CONNECT);
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/run/x.sock"};
	char full[sizeof(struct sockaddr_storage)];
	size_t len;

	(void)state;
	address(&event, &un, sizeof(un));
	assert_true(says(&event, "\"net\":{\"family\":\"unix\",\"path\":\"/run/x.sock\"}"));
	address(&event, &un, 2 + 4); /* no NUL: the length ends it */
	assert_true(says(&event, "\"path\":\"/run\"}"));
	memcpy(un.sun_path, "\0a\0b", 4);
	address(&event, &un, 2 + 4);
	assert_true(says(&event, "\"path\":\"@a\\u0000b\"}"));
	memset(full, 1, sizeof(full));
	memcpy(full, &un.sun_family, sizeof(un.sun_family));
	full[2] = '\0';
	for (len = 2; len <= sizeof(full); len++) {
		address(&event, full, len);
		assert_true(says(&event, "\"family\":\"unix\",\"path\":\""));
	}
}

static void an_end_has_the_status_that_a_shell_would_show(void **state)
{
	struct proc_event event = event_of(PROC_EXIT);

	(void)state;
	event.claimed = false;
	event.result = 0x300;
	assert_string_equal(said(&event),
	                    BEGIN_CONTAINER("event") ",\"type\":\"procexit\","
	                                             "\"class\":\"process\",\"rung\":\"preload\","
	                                             "\"result\":3,\"resultSource\":\"observed\","
	                                             "\"claimed\":false" PROC_LS "}");
	event.result = 9 | 0x80; /* with a core */
	assert_true(says(&event, "\"result\":137,\"resultSource\":\"observed\",\"signal\":9,"));
}

static void a_status_that_wait_cannot_have_names_no_signal(void **state)
{
	struct proc_event event = event_of(PROC_EXIT);
	int status;

	(void)state;
	for (status = 0; status < 0x20000; status++) {
		const char *p;

		event.result = (int)((unsigned)status * 0x8001u);
		p = strstr(said(&event), "\"signal\":");
		assert_true(!p || ((p[9] >= '1' && p[9] <= '9') &&
		                   (p[10] == ',' || (p[11] == ',' && p[9] <= '6'))));
	}
	event.result = 0x7f;
	assert_true(says(&event, "\"result\":0,\"resultSource\":\"unknown\""));
	event.result = 100;
	assert_true(says(&event, "\"resultSource\":\"unknown\""));
}

static void what_is_not_known_is_left_out(void **state)
{
	struct proc_event event = {.type = PROC_EXIT, .pid = 9, .who_unknown = true};

	(void)state;
	assert_true(says(&event, ",\"proc\":{\"pid\":9,\"ppid\":0,\"parents\":[]}}"));
	event.who_unknown = false;
	text_of(report_event(line, &of_web, &event, (struct str){"", 0}));
	assert_non_null(strstr(line, "\"uid\":0,\"gid\":0,\"tty\":0,\"parents\":[]}}"));
	event.type = PROC_EXECVE; /* has a name all the same */
	assert_true(says(&event, "\"name\":\"\",\"exe\":\"\",\"args\":[],"));
}

static void bytes_that_are_no_text_are_written_as_text(void **state)
{
	struct proc_event event = event_of(PROC_EXECVE);

	(void)state;
	event.args = (struct str){"a\nb\0\xff\xfe\0\xc3\xa4\0\xed\xa0\x80\0\x7f\x1b\0\xe2\x82", 20};
	assert_true(says(&event, "\"args\":[\"a\\nb\",\"\xef\xbf\xbd\xef\xbf\xbd\",\"\xc3\xa4\","
	                         "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",\"\\u007f\\u001b\","
	                         "\"\xef\xbf\xbd\xef\xbf\xbd\"]"));
}

static void arguments_that_do_not_fit_are_cut_and_marked(void **state)
{
	static char args[RECORD_TEXT_MAX];
	struct proc_event event = event_of(PROC_EXECVE);
	size_t i;

	(void)state;
	/* One long one. */
	memset(args, 'a', sizeof(args));
	args[sizeof(args) - 1] = '\0';
	event.args = (struct str){args, sizeof(args)};
	assert_true(says(&event, "aaa\"],\"cwd\""));
	assert_true(says(&event, "\"cut\":true}}"));
	/* Thousands of empty ones cost their quotes. */
	memset(args, 0, sizeof(args));
	assert_true(says(&event, "\"\",\"\"],\"cwd\""));
	assert_true(says(&event, "\"cut\":true}}"));
	/* Just as many as fit. */
	event.args.len = 1800;
	assert_false(says(&event, "\"cut\""));
	/* Said to be cut by whoever wrote the record. */
	event = event_of(PROC_EXECVE);
	event.cut = true;
	assert_true(says(&event, "\"cut\":true}}"));
	/* Characters of several bytes stay whole. */
	for (i = 0; i + 1 < sizeof(args); i += 2)
		memcpy(args + i, "\xc3\xa4", 2);
	args[sizeof(args) - 1] = '\0';
	event.args = (struct str){args, sizeof(args)};
	said(&event);
	assert_null(strstr(line, "\xef\xbf\xbd"));
}

/* Everything as long as it can be, in every byte that costs most. */
static void the_longest_of_everything_is_still_a_line(void **state)
{
	static const char bytes[] = {'\x01', '"', '\xff', 'a', '\0'};
	static char worst[16384];
	static struct proc parent;
	const struct str s = {worst, sizeof(worst)}, name = {worst, PROC_NAME_BYTES - 1};
	const struct report_pod strange = {s, s, s, s};
	const struct report_head head = {
	        .pod = &strange, .seq = UINT64_MAX, .container = s, .image = s};
	struct proc_event event = {.pid = INT32_MIN,
	                           .ppid = INT32_MIN,
	                           .uid = UINT32_MAX,
	                           .gid = UINT32_MAX,
	                           .tty = UINT32_MAX,
	                           .flags = UINT32_MAX,
	                           .mode = UINT32_MAX,
	                           .result = INT32_MIN,
	                           .origin = PROC_ORIGIN_ENTRYPOINT,
	                           .name = name,
	                           .exe = s,
	                           .cwd = s,
	                           .args = s,
	                           .path = s,
	                           .address = {worst, 128},
	                           .parent_count = PROC_PARENTS_MAX};
	size_t i, longest = 0, len;

	(void)state;
	parent.pid = INT32_MIN;
	for (i = 0; i < PROC_PARENTS_MAX; i++)
		event.parents[i] = &parent;
	for (i = 0; i < sizeof(bytes); i++) {
		memset(worst, bytes[i], sizeof(worst));
		memset(parent.name, bytes[i], sizeof(parent.name) - 1);
		memset(parent.exe, bytes[i], sizeof(parent.exe) - 1);
		for (event.type = PROC_EXECVE; event.type <= PROC_EXIT; event.type++) {
			memset(line, 'x', sizeof(line));
			len = report_event(line, &head, &event, s);
			longest = len > longest ? len : longest;
			assert_int_equal(line[REPORT_LINE_MAX], 'x');
			assert_true(is_json(text_of(len)));
		}
	}
	assert_true(longest > 12000 && longest <= 16384 - 1);
}

static void types_have_their_class(void **state)
{
	(void)state;
	assert_int_equal(report_class(PROC_EXECVE), REPORT_PROCESS);
	assert_int_equal(report_class(PROC_EXIT), REPORT_PROCESS);
	assert_int_equal(report_class(PROC_OPENAT), REPORT_FILE);
	assert_int_equal(report_class(PROC_CONNECT), REPORT_NETWORK);
}

TEST_MAIN(cmocka_unit_test(an_execve_has_all_that_is_known_of_its_process),
          cmocka_unit_test(an_openat_has_its_path_and_its_flags_by_name),
          cmocka_unit_test(a_connect_names_the_other_end),
          cmocka_unit_test(a_unix_socket_has_its_path_or_its_abstract_name),
          cmocka_unit_test(an_end_has_the_status_that_a_shell_would_show),
          cmocka_unit_test(a_status_that_wait_cannot_have_names_no_signal),
          cmocka_unit_test(what_is_not_known_is_left_out),
          cmocka_unit_test(bytes_that_are_no_text_are_written_as_text),
          cmocka_unit_test(arguments_that_do_not_fit_are_cut_and_marked),
          cmocka_unit_test(the_longest_of_everything_is_still_a_line),
          cmocka_unit_test(types_have_their_class))
