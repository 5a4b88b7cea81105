#include "injector/agent/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness.h"

#define FILE_MAX (SPOOL_FILE_BYTES + 65536)

static struct spool spool;
static struct state_page page;
static char dir[64], file[FILE_MAX];
static size_t file_len;
static unsigned hellos, records, stop_after;
static int32_t last_pid;
static char last_container[HELLO_NAME_MAX];

static bool on_hello(void *ctx, const struct hello *hello)
{
	assert_ptr_equal(ctx, &page);
	hellos++;
	snprintf(last_container, sizeof(last_container), "%s", hello->container);
	return true;
}

static bool on_record(void *ctx, const char *container, const struct record *record)
{
	assert_ptr_equal(ctx, &page);
	assert_string_equal(container, last_container);
	if (records == stop_after)
		return false;
	records++;
	last_pid = record->pid;
	return true;
}

static void read_all(const char *container)
{
	const struct spool_reader reader = {on_hello, on_record, &page};
	struct str name = {container, strlen(container)};
	unsigned before;

	do
		before = records;
	while (spool_read(&spool, dir, name, &page, &reader));
	assert_true(records - before <= SPOOL_TURN_RECORDS);
}

static void scan(void)
{
	read_all("db");
	read_all("other");
}

/* "db.records" stands in the directory of its container. */
static const char *path_of(const char *name)
{
	static char path[256];
	int container = (int)strcspn(name, ".");

	snprintf(path, sizeof(path), "%s/%.*s", dir, container, name);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%.*s/%s", dir, container, name, name);
	return path;
}

static void store(const char *name, size_t len)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file, len), len);
	close(fd);
}

static void begin(const char *container)
{
	struct hello hello = {.magic = HELLO_MAGIC, .version = HELLO_VERSION, .kind = HELLO_START};

	snprintf(hello.container, sizeof(hello.container), "%s", container);
	memcpy(file, &hello, sizeof(hello));
	file_len = sizeof(hello);
}

static void append(int32_t pid, const char *text, size_t text_len)
{
	struct record head = {
	        .kind = RECORD_EXEC_DONE, .text_bytes = (uint32_t)text_len, .pid = pid};
	uint32_t len = (uint32_t)(sizeof(head) + text_len);

	memcpy(file + file_len, &len, sizeof(len));
	memcpy(file + file_len + 4, &head, sizeof(head));
	memcpy(file + file_len + 4 + sizeof(head), text, text_len);
	file_len += 4 + len;
}

/* A container's file with `count` small records, pids from 1. */
static void make(const char *container, int32_t count)
{
	int32_t pid;

	begin(container);
	for (pid = 1; pid <= count; pid++)
		append(pid, "/bin/ls\0", 9);
}

static void a_file_gives_its_hello_and_its_records_once(void **state)
{
	(void)state;
	make("db", 3);
	store("db.records", file_len);
	scan();
	assert_int_equal(hellos, 1);
	assert_int_equal(records, 3);
	assert_int_equal(last_pid, 3);
	scan();
	assert_int_equal(hellos, 1);
	assert_int_equal(records, 3);
	append(4, "/bin/ls\0", 9);
	store("db.records", file_len);
	scan();
	assert_int_equal(hellos, 1);
	assert_int_equal(records, 4);
}

static void a_file_torn_anywhere_gives_what_is_whole_and_the_rest_later(void **state)
{
	size_t len, whole, all, one;

	(void)state;
	make("db", 2);
	all = file_len;
	one = (all - sizeof(struct hello)) / 2;
	for (len = 0; len < all; len++) {
		memset(&page, 0, sizeof(page));
		hellos = records = 0;
		store("db.records", len);
		scan();
		whole = len < sizeof(struct hello) ? 0 : (len - sizeof(struct hello)) / one;
		assert_int_equal(hellos, len >= sizeof(struct hello));
		assert_int_equal(records, whole);
		store("db.records", all);
		scan();
		assert_int_equal(hellos, 1);
		assert_int_equal(records, 2);
	}
}

static void a_file_longer_than_a_chunk_is_read_to_its_end(void **state)
{
	static char text[7000];
	int32_t pid;

	(void)state;
	begin("db");
	text[0] = '/';
	memset(text + 1, 'x', sizeof(text) - 3);
	for (pid = 1; pid <= 100; pid++)
		append(pid, text, sizeof(text));
	assert_true(file_len > 10 * SPOOL_CHUNK_BYTES);
	store("db.records", file_len);
	scan();
	assert_int_equal(records, 100);
	assert_int_equal(last_pid, 100);
}

static void what_lies_beyond_the_largest_file_is_not_read(void **state)
{
	static char text[7000];

	(void)state;
	begin("db");
	while (file_len < SPOOL_FILE_BYTES + 20000)
		append(1, text, sizeof(text));
	store("db.records", file_len);
	scan();
	assert_int_equal(records, (SPOOL_FILE_BYTES - sizeof(struct hello)) / 7060);
	scan();
	assert_true(page.spool[0].offset <= SPOOL_FILE_BYTES);
}

static void a_reader_that_stops_gets_the_same_record_again(void **state)
{
	(void)state;
	make("db", 5);
	store("db.records", file_len);
	stop_after = 2;
	scan();
	assert_int_equal(records, 2);
	stop_after = 1000;
	scan();
	assert_int_equal(records, 5);
	assert_int_equal(hellos, 1);
}

static void garbage_ends_a_file_for_good(void **state)
{
	(void)state;
	make("db", 2);
	memset(file + file_len, 0xee, 100);
	store("db.records", file_len + 100);
	scan();
	assert_int_equal(records, 2);
	assert_int_equal(page.spool[0].refused, 1);
	make("db", 5);
	store("db.records", file_len);
	scan();
	assert_int_equal(records, 2);
	/* From its first byte on. */
	memset(file, 0, 5000);
	store("other.records", 5000);
	scan();
	assert_int_equal(hellos, 1);
	assert_int_equal(page.spool[1].refused, 1);
}

static void a_file_whose_hello_names_another_container_is_refused(void **state)
{
	(void)state;
	make("web", 2);
	store("db.records", file_len);
	scan();
	assert_int_equal(hellos, 0);
	assert_int_equal(page.spool[0].refused, 1);
}

static void a_file_that_was_replaced_is_refused_where_it_does_not_go_on(void **state)
{
	(void)state;
	make("db", 3);
	store("db.records", file_len);
	scan();
	/* Shorter: nothing new.  Longer, with its records elsewhere: garbage at that place. */
	store("db.records", 700);
	scan();
	assert_int_equal(records, 3);
	begin("db");
	append(7, "/x\0", 4);
	append(8, "/y\0", 4);
	append(9, "/yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\0", 73);
	append(9, "/yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\0", 73);
	store("db.records", file_len);
	scan();
	assert_int_equal(records, 3);
	assert_int_equal(page.spool[0].refused, 1);
}

static void only_a_regular_file_is_read(void **state)
{
	char target[128];

	(void)state;
	make("db", 1);
	store("db.other", file_len);
	snprintf(target, sizeof(target), "%s/db/db.other", dir);
	assert_int_equal(symlink(target, path_of("db.records")), 0);
	scan();
	unlink(path_of("db.records"));
	assert_int_equal(mkfifo(path_of("db.records"), 0600), 0);
	scan();
	unlink(path_of("db.records"));
	assert_int_equal(mkdir(path_of("db.records"), 0700), 0);
	scan();
	rmdir(path_of("db.records"));
	assert_int_equal(hellos, 0);
	/* None of them keeps what comes later from being read. */
	store("db.records", file_len);
	scan();
	assert_int_equal(records, 1);
}

static void a_directory_that_is_a_link_is_not_followed(void **state)
{
	char from[128], to[128];

	(void)state;
	make("db", 1);
	store("db.records", file_len);
	snprintf(from, sizeof(from), "%s/db", dir);
	snprintf(to, sizeof(to), "%s/moved", dir);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(symlink(to, from), 0);
	scan();
	assert_int_equal(hellos, 0);
}

static void a_name_leads_nowhere_else(void **state)
{
	static const char *const names[] = {"", ".", "..", "../x", "a/b", "/etc"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		read_all(names[i]);
	assert_int_equal(page.spool[0].name[0], 0);
}

static void what_is_read_between_two_turns_is_bounded(void **state)
{
	const struct spool_reader reader = {on_hello, on_record, &page};

	(void)state;
	make("db", 3 * SPOOL_TURN_RECORDS);
	store("db.records", file_len);
	assert_true(spool_read(&spool, dir, STR("db"), &page, &reader));
	assert_int_equal(records, SPOOL_TURN_RECORDS);
	scan();
	assert_int_equal(records, 3 * SPOOL_TURN_RECORDS);
}

static void more_files_than_there_is_room_for_are_left_alone(void **state)
{
	char name[32];
	unsigned i;

	(void)state;
	for (i = 0; i < SPOOL_FILES_MAX + 5; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		make(name, 1);
		snprintf(name, sizeof(name), "c%u.records", i);
		store(name, file_len);
	}
	for (i = 0; i < SPOOL_FILES_MAX + 5; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		read_all(name);
		read_all(name);
	}
	assert_int_equal(hellos, SPOOL_FILES_MAX);
	assert_int_equal(records, SPOOL_FILES_MAX);
}

static void a_directory_that_is_not_there_is_nothing(void **state)
{
	const struct spool_reader reader = {on_hello, on_record, &page};

	(void)state;
	assert_false(spool_read(&spool, "/no/such/directory", STR("db"), &page, &reader));
	assert_int_equal(hellos, 0);
}

/* Every strict prefix is not all there yet; no byte behind it is looked at. */
static void what_is_taken_from_bytes_stays_within_them(void **state)
{
	static union spool_record out;
	struct hello hello;
	size_t len, one;

	(void)state;
	make("db", 1);
	one = file_len - sizeof(hello);
	for (len = 0; len < sizeof(hello); len++) {
		struct str rest = {test_tail(file, len), len};

		assert_int_equal(spool_take_hello(&rest, &hello), -EAGAIN);
		assert_int_equal(rest.len, len);
	}
	for (len = 0; len <= one; len++) {
		struct str rest = {test_tail(file + sizeof(hello), len), len};

		assert_int_equal(spool_take_record(&rest, &out), len < one ? -EAGAIN : 0);
		assert_int_equal(rest.len, len < one ? len : 0);
	}
}

static void a_length_that_no_record_has_is_garbage_at_once(void **state)
{
	static const uint32_t wrong[] = {0, 1, sizeof(struct record) - 1, RECORD_BYTES_MAX + 1,
	                                 UINT32_MAX};
	static union spool_record out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct str rest = {test_tail(&wrong[i], 4), 4};

		assert_int_equal(spool_take_record(&rest, &out), -EBADMSG);
	}
}

static int fresh(void **state)
{
	(void)state;
	memset(&page, 0, sizeof(page));
	hellos = records = 0;
	stop_after = 1000000;
	snprintf(dir, sizeof(dir), "/tmp/farguard-spool-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int clean(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, fresh, clean)

TEST_MAIN(CASE(a_file_gives_its_hello_and_its_records_once),
          CASE(a_file_torn_anywhere_gives_what_is_whole_and_the_rest_later),
          CASE(a_file_longer_than_a_chunk_is_read_to_its_end),
          CASE(what_lies_beyond_the_largest_file_is_not_read),
          CASE(a_reader_that_stops_gets_the_same_record_again), CASE(garbage_ends_a_file_for_good),
          CASE(a_file_whose_hello_names_another_container_is_refused),
          CASE(a_file_that_was_replaced_is_refused_where_it_does_not_go_on),
          CASE(only_a_regular_file_is_read), CASE(a_directory_that_is_a_link_is_not_followed),
          CASE(a_name_leads_nowhere_else), CASE(what_is_read_between_two_turns_is_bounded),
          CASE(more_files_than_there_is_room_for_are_left_alone),
          CASE(a_directory_that_is_not_there_is_nothing),
          CASE(what_is_taken_from_bytes_stays_within_them),
          CASE(a_length_that_no_record_has_is_garbage_at_once))
