#include "webhook/ctl/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "injector/base/err.h"
#include "tests/harness.h"

static char directory[] = "/tmp/fg-input-XXXXXX";

static void path_of(const char *name, char out[128])
{
	snprintf(out, 128, "%s/%s", directory, name);
}

static void write_file(const char *name, const char *bytes, size_t len)
{
	char path[128];
	FILE *f;

	path_of(name, path);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void remove_file(const char *name)
{
	char path[128];

	path_of(name, path);
	assert_int_equal(remove(path), 0);
}

static int read_one(struct input *input, const char *path, struct err *err)
{
	*err = (struct err){0};
	return input_read(input, &path, 1, err);
}

static void a_file_is_read_whole_whatever_its_length(void **state)
{
	static char bytes[3 * 65536];
	static const size_t lengths[] = {0, 1, 65534, 65535, 65536, 65537, 131071, sizeof(bytes)};
	struct input input;
	struct err err;
	char path[128];

	(void)state;
	path_of("f", path);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7 + i / 256);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		write_file("f", bytes, lengths[i]);
		assert_int_equal(read_one(&input, path, &err), 0);
		assert_int_equal(input.count, 1);
		assert_string_equal(input.files[0].name, path);
		assert_int_equal(input.files[0].len, lengths[i]);
		assert_memory_equal(input.files[0].bytes, bytes, lengths[i]);
		assert_int_equal(input.files[0].bytes[lengths[i]], 0);
		input_done(&input);
		input_done(&input);
	}
	remove_file("f");
}

static void a_directory_gives_its_manifests_sorted(void **state)
{
	static const char *const names[] = {"b.yaml", "a.json", "B.yml", "c.txt", ".yaml"};
	struct input input;
	struct err err;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		write_file(names[i], names[i], strlen(names[i]));
	assert_int_equal(read_one(&input, directory, &err), 0);
	assert_int_equal(input.count, 3);
	assert_string_equal(input.files[0].bytes, "B.yml");
	assert_string_equal(input.files[1].bytes, "a.json");
	assert_string_equal(input.files[2].bytes, "b.yaml");
	input_done(&input);
	for (size_t i = 0; i < 5; i++)
		remove_file(names[i]);
	assert_int_equal(read_one(&input, directory, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no *.yaml, *.yml or *.json in it"));
	input_done(&input);
}

static void the_first_that_fails_is_named(void **state)
{
	const char *const paths[] = {"/dev/null", "/tmp/fg-none/a", "/tmp/fg-none/b"};
	struct input input;
	struct err err = {0};
	char path[128];

	(void)state;
	assert_int_equal(input_read(&input, paths, 3, &err), -ENOENT);
	assert_string_equal(err.text, "/tmp/fg-none/a: No such file or directory");
	input_done(&input);
	write_file("f", "", 0);
	path_of("f", path);
	assert_int_equal(truncate(path, (off_t)INPUT_BYTES_MAX + 1), 0);
	assert_int_equal(read_one(&input, path, &err), -EFBIG);
	assert_non_null(strstr(err.text, "longer than 67108864 bytes"));
	input_done(&input);
	remove_file("f");
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int drop_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
	        cmocka_unit_test(a_file_is_read_whole_whatever_its_length),
	        cmocka_unit_test(a_directory_gives_its_manifests_sorted),
	        cmocka_unit_test(the_first_that_fails_is_named),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(cases, make_directory, drop_directory);
}
