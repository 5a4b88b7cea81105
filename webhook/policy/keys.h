/* keys.h - the table of the configuration file's keys. */
#ifndef FARGUARD_POLICY_KEYS_H
#define FARGUARD_POLICY_KEYS_H

#include <stdbool.h>
#include <stddef.h>

enum key_kind {
	KEY_SECTION,
	KEY_BOOL,
	KEY_BOOL_WORD,   /* words[1] is true */
	KEY_WORD,        /* an enum: the word's index */
	KEY_WORD_STRING, /* a string, one of the words */
	KEY_STRING,
	KEY_ADDRESS, /* "HOST:PORT" or ":PORT" */
	KEY_INT,     /* from min to max */
	KEY_NUMBER,  /* not negative */
	KEY_LIST,    /* of strings */
	KEY_RESOURCES,
};

#define KEY_WORDS_MAX 6

struct key {
	const char *name;
	enum key_kind kind;
	size_t offset;              /* in struct policy */
	const struct key *children; /* of a section; ends with a NULL name */
	const char *words[KEY_WORDS_MAX];
	int min, max;
	bool needs_restart; /* read once, when the webhook starts */
};

/* The root's keys; ends with a NULL name. */
extern const struct key policy_keys[];

#endif
