#include "webhook/ctl/complete.h"

#include <stdlib.h>

#include "tests/harness.h"

#define WORDS_MAX 8

/* What complete_print() says behind `words`, which end with NULL. */
static void offers(const char *expected, const char *const *words)
{
	static char copies[WORDS_MAX][64];
	char *argv[WORDS_MAX], *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int argc = 0;

	assert_non_null(out);
	for (; words[argc]; argc++) {
		assert_true(argc < WORDS_MAX && strlen(words[argc]) < sizeof(copies[0]));
		memcpy(copies[argc], words[argc], strlen(words[argc]) + 1);
		argv[argc] = copies[argc];
	}
	complete_print(out, argc, argv);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
	free(text);
}

#define OFFERS(expected, ...) offers(expected, (const char *const[]){__VA_ARGS__, NULL})

static void verbs_come_first(void **state)
{
	const char *const none[] = {NULL};

	(void)state;
	OFFERS("uninject\ttake Farguard out of workloads\n:4\n", "un");
	OFFERS("help\tsay more about a verb\n:4\n", "h");
	OFFERS(":4\n", "frob");
	OFFERS(":4\n", "injects");
	OFFERS("config\n:4\n", "conf");
	OFFERS("check\tcheck configuration files\n:4\n", "config", "");
	OFFERS("check\tcheck configuration files\n:4\n", "help", "config", "c");
	OFFERS(":4\n", "config", "x");
	OFFERS(":4\n", "inject\x01", "");
	offers(":4\n", none);
}

static void options_are_those_of_the_verb(void **state)
{
	(void)state;
	OFFERS("--output\ttext, or json: {\"version\"}\n--help\tprint this\n:4\n", "version", "-");
	OFFERS("--help\tprint this\n:4\n", "version", "--h");
	OFFERS(":4\n", "version", "--config");
	OFFERS(":4\n", "version", "");
	OFFERS(":4\n", "inject", "--", "--");
}

static void values_are_those_of_the_option(void **state)
{
	(void)state;
	OFFERS("json\ntext\n:4\n", "version", "-o", "");
	OFFERS("json\n:4\n", "version", "--output=j");
	OFFERS("patch\n:4\n", "inject", "--output", "p");
	OFFERS("true\nfalse\n:4\n", "inject", "--native-sidecars", "");
	OFFERS(":4\n", "inject", "-n", "");
	OFFERS(":4\n", "version", "--help=");
	/* "-o" is the namespace's name here. */
	OFFERS("yaml\nyml\njson\n:8\n", "inject", "-n", "-o", "");
}

static void files_are_told_by_their_extensions(void **state)
{
	(void)state;
	OFFERS("yaml\nyml\njson\n:8\n", "inject", "");
	OFFERS("yaml\nyml\njson\n:8\n", "inject", "-f", "a");
	OFFERS("yaml\nyml\njson\n:8\n", "explain", "--config=");
	OFFERS("yaml\nyml\njson\n:8\n", "config", "check", "");
	OFFERS("yaml\nyml\njson\n:8\n", "inject", "--help", "");
}

TEST_MAIN(cmocka_unit_test(verbs_come_first), cmocka_unit_test(options_are_those_of_the_verb),
          cmocka_unit_test(values_are_those_of_the_option),
          cmocka_unit_test(files_are_told_by_their_extensions))
