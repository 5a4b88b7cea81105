#include "injector/launch/spool.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "injector/event/record.h"
#include "injector/launch/note.h"
#include "tests/harness.h"

struct place {
	char dir[64], file[128], temp[128];
	struct ring ring;
	struct hello hello;
	struct spool spool;
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	int fd;

	memcpy(p->dir, "/tmp/farguard-spool-XXXXXX", 27);
	if (!p || !mkdtemp(p->dir) || ring_create(&fd) < 0 || ring_open(&p->ring, fd) < 0)
		return -1;
	close(fd);
	snprintf(p->file, sizeof(p->file), "%s/init-db.records", p->dir);
	snprintf(p->temp, sizeof(p->temp), "%s/.init-db.temp", p->dir);
	p->hello = (struct hello){.magic = HELLO_MAGIC, .version = HELLO_VERSION};
	memcpy(p->hello.container, "init-db", 8);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	ring_close(&p->ring);
	unlink(p->file);
	assert_int_equal(rmdir(p->dir), 0);
	free(p);
	return 0;
}

static void drain(struct place *p)
{
	spool_drain(&p->spool, &p->ring, 1);
}

static void records_follow_a_hello_each_with_its_length(void **state)
{
	struct place *p = *state;
	char *argv[] = {"ls", "-l", NULL};
	unsigned char text[4096];
	const struct record *record = (void *)(text + sizeof(struct hello) + 4);
	uint32_t len;
	FILE *f;
	size_t n;

	spool_open(&p->spool, p->dir, &p->hello);
	note_launched(p->ring.shared, RECORD_FIRST, 7, "/bin/ls", argv);
	drain(p);
	note_exit(p->ring.shared, 7, 0x100);
	drain(p);
	assert_int_equal(access(p->file, F_OK), -1);
	spool_finish(&p->spool, &p->hello, 0);
	f = fopen(p->file, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	assert_memory_equal(text, &p->hello, sizeof(p->hello));
	memcpy(&len, text + sizeof(struct hello), sizeof(len));
	assert_true(record_check(record, len));
	assert_int_equal(record->kind, RECORD_EXEC_TRY);
	assert_int_equal(record->flags, RECORD_FIRST | RECORD_LAUNCHED);
	assert_memory_equal(record_text(record), "/bin/ls\0\0ls\0-l", 15);
	assert_int_equal(n, sizeof(struct hello) + 4 + len + 4 + sizeof(struct record));
	spool_finish(&p->spool, &p->hello, 0);
}

static void without_a_directory_or_a_name_there_is_no_spool(void **state)
{
	struct place *p = *state;

	spool_open(&p->spool, "/nonexistent", &p->hello);
	assert_int_equal(p->spool.file, -1);
	p->hello.container[0] = '\0';
	spool_open(&p->spool, p->dir, &p->hello);
	assert_int_equal(p->spool.file, -1);
	memcpy(p->hello.container, "../x", 5);
	spool_open(&p->spool, p->dir, &p->hello);
	assert_int_equal(p->spool.file, -1);
	note_exit(p->ring.shared, 7, 0);
	drain(p);
	spool_finish(&p->spool, &p->hello, 0);
	assert_int_equal(p->ring.read_pos, 0); /* nothing was taken away */
}

static void a_spool_without_a_record_leaves_no_file(void **state)
{
	struct place *p = *state;

	spool_open(&p->spool, p->dir, &p->hello);
	assert_int_equal(access(p->temp, F_OK), 0);
	spool_finish(&p->spool, &p->hello, 0);
	assert_int_equal(access(p->temp, F_OK), -1);
	assert_int_equal(access(p->file, F_OK), -1);
}

static void a_file_has_an_end(void **state)
{
	struct place *p = *state;
	struct stat st;
	int i, j;

	spool_open(&p->spool, p->dir, &p->hello);
	for (i = 0; i < 40; i++) {
		for (j = 0; j < 1000; j++)
			note_exit(p->ring.shared, j, 0);
		drain(p);
	}
	spool_finish(&p->spool, &p->hello, 0);
	assert_int_equal(stat(p->file, &st), 0);
	assert_true(st.st_size <= SPOOL_BYTES_MAX);
	assert_true(st.st_size > SPOOL_BYTES_MAX - 100);
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void what_a_dead_worker_left_half_done_is_cut_off_and_counted(void **state)
{
	struct place *p = *state;
	unsigned char record[RING_RECORD_SLOTS_MAX * RING_SLOT_BYTES];
	struct hello said;
	struct stat st;
	FILE *f;

	spool_open(&p->spool, p->dir, &p->hello);
	note_exit(p->ring.shared, 7, 0);
	drain(p);
	note_exit(p->ring.shared, 8, 0);
	assert_true(ring_read(&p->ring, record, 1) > 0);
	assert_int_equal(write(p->spool.file, record, 11), 11);
	/* Its successor has the page, and a reader of its own. */
	p->ring.read_pos = 0;
	spool_resume(&p->spool, &p->ring);
	assert_int_equal(p->spool.lost, 1);
	spool_resume(&p->spool, &p->ring);
	assert_int_equal(p->spool.lost, 1);
	note_exit(p->ring.shared, 9, 0);
	drain(p);
	spool_finish(&p->spool, &p->hello, 2);
	assert_int_equal(stat(p->file, &st), 0);
	assert_int_equal(st.st_size, sizeof(struct hello) + 2 * (4 + sizeof(struct record)));
	f = fopen(p->file, "r");
	assert_non_null(f);
	assert_int_equal(fread(&said, sizeof(said), 1, f), 1);
	fclose(f);
	assert_int_equal(said.lost, 3);
}

static void a_link_in_its_place_is_not_followed(void **state)
{
	struct place *p = *state;
	char other[128];

	snprintf(other, sizeof(other), "%s/other", p->dir);
	assert_int_equal(symlink(other, p->temp), 0);
	spool_open(&p->spool, p->dir, &p->hello);
	assert_int_equal(p->spool.file, -1);
	assert_int_equal(access(other, F_OK), -1);
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}

static const off_t one = 4 + (off_t)sizeof(struct record), head = (off_t)sizeof(struct hello);

static void attempt(struct place *p, int pid)
{
	spool_open(&p->spool, p->dir, &p->hello);
	note_exit(p->ring.shared, pid, 0x100);
	drain(p);
}

static void a_container_that_is_tried_again_adds_to_what_it_left(void **state)
{
	struct place *p = *state;

	attempt(p, 7);
	spool_finish(&p->spool, &p->hello, 3);
	assert_int_equal(size_of(p->file), head + one);
	attempt(p, 8);
	assert_int_equal(size_of(p->file), -1);
	assert_int_equal(p->spool.lost, 3);
	spool_finish(&p->spool, &p->hello, 0);
	assert_int_equal(size_of(p->file), head + 2 * one);
	/* One that was killed: it left half a record, and the file without its name. */
	attempt(p, 9);
	assert_int_equal(write(p->spool.file, "\x40\0\0\0half", 8), 8);
	close(p->spool.file);
	close(p->spool.dir);
	assert_int_equal(size_of(p->temp), head + 3 * one + 8);
	attempt(p, 10);
	spool_finish(&p->spool, &p->hello, 0);
	assert_int_equal(size_of(p->file), head + 4 * one);
	/* Of another container, or of none. */
	memcpy(p->hello.users, "0:root\n", 8);
	p->hello.version++;
	attempt(p, 11);
	spool_finish(&p->spool, &p->hello, 0);
	assert_int_equal(size_of(p->file), head + one);
}

static void no_other_kind_of_file_is_waited_for(void **state)
{
	struct place *p = *state;

	assert_int_equal(mkfifo(p->temp, 0644), 0);
	spool_open(&p->spool, p->dir, &p->hello);
	assert_int_equal(p->spool.file, -1);
}

static void all_files_together_stay_below_what_has_a_pod_evicted(void **state)
{
	struct place *p = *state;
	char other[128];
	int fd;

	snprintf(other, sizeof(other), "%s/other.records", p->dir);
	fd = open(other, O_CREAT | O_WRONLY, 0644);
	assert_int_equal(ftruncate(fd, SPOOL_ALL_BYTES_MAX - head - one), 0);
	attempt(p, 7);
	note_exit(p->ring.shared, 8, 0);
	drain(p);
	assert_int_equal(p->spool.lost, 1);
	spool_finish(&p->spool, &p->hello, 0);
	assert_int_equal(size_of(p->file), head + one);
	assert_int_equal(ftruncate(fd, SPOOL_ALL_BYTES_MAX), 0);
	unlink(p->file);
	attempt(p, 9);
	assert_int_equal(p->spool.file, -1);
	close(fd);
	unlink(other);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

TEST_MAIN(CASE(records_follow_a_hello_each_with_its_length),
          CASE(without_a_directory_or_a_name_there_is_no_spool),
          CASE(a_spool_without_a_record_leaves_no_file), CASE(a_file_has_an_end),
          CASE(what_a_dead_worker_left_half_done_is_cut_off_and_counted),
          CASE(a_link_in_its_place_is_not_followed),
          CASE(a_container_that_is_tried_again_adds_to_what_it_left),
          CASE(no_other_kind_of_file_is_waited_for),
          CASE(all_files_together_stay_below_what_has_a_pod_evicted))
