/* asker.c - the image look-up on a command line, for registry_test.py.
 *
 *   asker [--ca-file FILE] [--timeout MS] [--endpoint HOST=BASE]...
 *
 * Each line of standard input is a command, its words separated by tabs; answers are JSON lines.
 *   find ID BUDGET_MS REFERENCE [KIND=FILE]...   in a thread of its own; KIND is json or cfg
 *   count                                        the counters
 *   skip SECONDS                                 let so much time pass for whatever is kept
 * Linked with --wrap=clock_gettime, so that nobody has to wait for an answer to grow old.
 */
#include <errno.h>
#include <json-c/json.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "injector/base/clock.h"
#include "injector/base/err.h"
#include "webhook/http/http.h"
#include "webhook/registry/images.h"

#define WORDS_MAX     32
#define ENDPOINTS_MAX 16
#define SECRET_MAX    (2u << 20)

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);

static atomic_long skipped_s;
static atomic_uint running;
static struct images *images;

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	int r = __real_clock_gettime(clock, out);

	out->tv_sec += atomic_load(&skipped_s);
	return r;
}

struct question {
	char *id, *reference;
	long budget_ms;
	struct images_credential credentials[WORDS_MAX];
	size_t count;
};

static struct json_object *list_of(char *const *list)
{
	struct json_object *out = list ? json_object_new_array() : NULL;

	for (size_t i = 0; list && list[i]; i++)
		json_object_array_add(out, json_object_new_string(list[i]));
	return out;
}

static void say(struct json_object *line)
{
	puts(json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN));
	fflush(stdout);
	json_object_put(line);
}

static void *ask(void *ctx)
{
	struct question *question = ctx;
	struct json_object *line = json_object_new_object();
	struct images_config config;
	struct err err = {0};
	uint64_t began = clock_ms();
	int r = images_find(images, question->reference, question->credentials, question->count,
	                    question->budget_ms, &config, &err);

	json_object_object_add(line, "id", json_object_new_string(question->id));
	json_object_object_add(line, "error",
	                       r ? json_object_new_string(strerrorname_np(-r)) : NULL);
	json_object_object_add(line, "text", json_object_new_string(err.text));
	json_object_object_add(line, "entrypoint", list_of(config.entrypoint));
	json_object_object_add(line, "cmd", list_of(config.cmd));
	json_object_object_add(line, "ldPreload",
	                       config.ld_preload ? json_object_new_string(config.ld_preload)
	                                         : NULL);
	json_object_object_add(line, "ms", json_object_new_int64((int64_t)(clock_ms() - began)));
	say(line);
	images_config_done(&config);
	for (size_t i = 0; i < question->count; i++)
		free((char *)(uintptr_t)question->credentials[i].text);
	free(question->id);
	free(question->reference);
	free(question);
	atomic_fetch_sub(&running, 1);
	return NULL;
}

static char *read_file(const char *path, size_t *out_len)
{
	FILE *file = fopen(path, "re");
	char *text = malloc(SECRET_MAX);

	if (!file || !text)
		exit(2);
	*out_len = fread(text, 1, SECRET_MAX, file);
	fclose(file);
	return text;
}

static void find(char **words, size_t count)
{
	struct question *question = calloc(1, sizeof(*question));
	pthread_t thread;

	if (!question)
		exit(2);
	question->id = strdup(words[1]);
	question->budget_ms = strtol(words[2], NULL, 10);
	question->reference = strdup(words[3]);
	for (size_t i = 4; i < count; i++) {
		struct images_credential *to = &question->credentials[question->count++];

		to->kind = strncmp(words[i], "cfg=", 4) == 0 ? IMAGES_DOCKERCFG
		                                             : IMAGES_DOCKERCONFIGJSON;
		to->text = read_file(strchr(words[i], '=') + 1, &to->len);
	}
	atomic_fetch_add(&running, 1);
	if (pthread_create(&thread, NULL, ask, question) != 0)
		exit(2);
	pthread_detach(thread);
}

static void count_all(void)
{
	struct json_object *line = json_object_new_object();
	struct images_counts counts;

	images_count(images, &counts);
	json_object_object_add(line, "id", json_object_new_string("count"));
	json_object_object_add(line, "hits", json_object_new_uint64(counts.hits));
	json_object_object_add(line, "misses", json_object_new_uint64(counts.misses));
	json_object_object_add(line, "late", json_object_new_uint64(counts.late));
	json_object_object_add(line, "fetches", json_object_new_uint64(counts.fetches));
	json_object_object_add(line, "failures", json_object_new_uint64(counts.failures));
	json_object_object_add(line, "refused", json_object_new_uint64(counts.refused));
	say(line);
}

static void obey(char *text)
{
	char *words[WORDS_MAX], *rest = text;
	size_t count = 0;

	text[strcspn(text, "\n")] = '\0';
	while (rest && count < WORDS_MAX)
		words[count++] = strsep(&rest, "\t");
	if (strcmp(words[0], "find") == 0 && count >= 4)
		find(words, count);
	else if (strcmp(words[0], "skip") == 0 && count == 2)
		atomic_fetch_add(&skipped_s, strtol(words[1], NULL, 10));
	else
		count_all();
}

int main(int argc, char **argv)
{
	struct images_endpoint endpoints[ENDPOINTS_MAX + 1] = {0};
	struct images_settings settings = {.endpoints = endpoints};
	struct err err = {0};
	size_t endpoint_count = 0, cap = 0;
	char *line = NULL;

	for (int i = 1; i + 1 < argc; i += 2) {
		char *value = argv[i + 1];

		if (strcmp(argv[i], "--ca-file") == 0)
			settings.ca_file = value;
		else if (strcmp(argv[i], "--timeout") == 0)
			settings.timeout_ms = strtol(value, NULL, 10);
		else if (endpoint_count < ENDPOINTS_MAX)
			endpoints[endpoint_count++] =
			        (struct images_endpoint){strsep(&value, "="), value};
	}
	if (http_init() < 0 || images_init(&images, &settings, &err) < 0) {
		fprintf(stderr, "asker: %s\n", err.text);
		return 1;
	}
	while (getline(&line, &cap, stdin) > 0)
		obey(line);
	while (atomic_load(&running) > 0)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	images_done(images);
	http_exit();
	free(line);
	return 0;
}
