/* exits.h - the exit statuses of farguardctl, and its one way to say what went wrong. */
#ifndef FARGUARD_CTL_EXITS_H
#define FARGUARD_CTL_EXITS_H

enum exits {
	EXITS_DONE = 0,
	EXITS_FOUND = 1, /* done, and something was found */
	EXITS_USAGE = 2,
	EXITS_INPUT = 3,
	EXITS_CLUSTER = 4,
	EXITS_INTERNAL = 5
};

struct err;

/* One line on stderr, "farguardctl: ...", without control characters. */
void exits_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Say what `err` is about and return the status that fits: internal without memory, else input. */
enum exits exits_of(const struct err *err);

#endif
