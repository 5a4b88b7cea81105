#include "webhook/admit/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const names[] = {
        [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};

static _Atomic enum log_level least = LOG_INFO;

void log_set_level(enum log_level level)
{
	atomic_store(&least, level);
}

bool log_parse_level(const char *name, enum log_level *out)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static void begin(struct log_line *line)
{
	struct timespec now;
	struct tm utc;
	char when[40];
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	len = strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(when + len, sizeof(when) - len, ".%06ldZ", now.tv_nsec / 1000);
	/* Room for the newline. */
	jsonw_init(&line->json, line->text, sizeof(line->text) - 1);
	jsonw_object(&line->json, NULL);
	jsonw_cstr(&line->json, "time", when);
	jsonw_cstr(&line->json, "level", names[line->level]);
	jsonw_cstr(&line->json, "msg", line->message);
}

bool log_begin(struct log_line *line, enum log_level level, const char *message)
{
	if (level < atomic_load(&least))
		return false;
	line->level = level;
	line->message = message;
	begin(line);
	return true;
}

void log_end(struct log_line *line)
{
	size_t len;

	jsonw_end_object(&line->json);
	len = jsonw_finish(&line->json);
	if (len == 0) {
		begin(line);
		jsonw_end_object(&line->json);
		len = jsonw_finish(&line->json);
	}
	line->text[len++] = '\n';
	/* Nothing can be said about a log that cannot be written. */
	if (write(STDERR_FILENO, line->text, len) < 0)
		return;
}

void log_say(enum log_level level, const char *message, const char *key, const char *value)
{
	struct log_line line;

	if (!log_begin(&line, level, message))
		return;
	if (key)
		jsonw_cstr(&line.json, key, value);
	log_end(&line);
}
