/* log.h - one JSON object a line on standard error.
 *
 * Why      What reads the cluster's logs reads JSON; one write() a line keeps threads apart.
 * Limits   LOG_LINE_BYTES_MAX a line; one that does not fit is replaced by its message alone.
 * Threads  Any.
 */
#ifndef FARGUARD_ADMIT_LOG_H
#define FARGUARD_ADMIT_LOG_H

#include <stdbool.h>

#include "injector/base/jsonw.h"

#define LOG_LINE_BYTES_MAX 4096

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_line {
	enum log_level level;
	const char *message;
	struct jsonw json; /* put members between log_begin() and log_end() */
	char text[LOG_LINE_BYTES_MAX];
};

/* Lines below `level` are left out. */
void log_set_level(enum log_level level);

/* Returns false when `name` is none of debug, info, warn, error. */
bool log_parse_level(const char *name, enum log_level *out);

/* Returns false, with nothing to end, when the level is left out. */
bool log_begin(struct log_line *line, enum log_level level, const char *message);
void log_end(struct log_line *line);

/* A line with at most one member. */
void log_say(enum log_level level, const char *message, const char *key, const char *value);

#endif
