/* explained.h - one document that explain was asked about, and how it is told. */
#ifndef FARGUARD_CTL_EXPLAINED_H
#define FARGUARD_CTL_EXPLAINED_H

#include <stddef.h>

#include "webhook/mutate/explain.h"

struct output;
struct page;

/* Everything is borrowed. */
struct explained {
	const char *file;
	size_t line;
	const char *kind, *namespace, *name; /* "" when it does not say */
	/* What the namespace says about farguard.io/inject, and who says so: "assumed", "option",
	 * or FILE:LINE. */
	const char *inject, *inject_from;
	enum reason reason;
	const char *detail;            /* or "" */
	const struct explain *explain; /* NULL: it has no pod */
};

/* The word of warning `index` into `out_word`; returns its sentence, "" where it says what is told
 * already. */
const char *explained_warning(const struct explained *e, size_t index, char out_word[32]);
size_t explained_warning_count(const struct explained *e);

/* Call `tell` for each word that has a way out, once. */
void explained_ways_out(const struct explained *e, void *ctx,
                        void (*tell)(void *ctx, const char *word, const char *way_out));

/* One object on one line. */
void explained_json(const struct explained *e, struct output *output);

/* A paragraph for people. */
void explained_text(const struct explained *e, struct page *page);

#endif
