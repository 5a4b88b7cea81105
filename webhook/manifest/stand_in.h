/* stand_in.h - private characters for those that libyaml's emitter will not print.
 *
 * Why      To libyaml 0.2.5 tabs and all characters above U+FFFF are not printable: it turns a
 *          script with a tab or an emoji into one long line in double quotes.  And in flow style
 *          it quotes what has a colon, as images do.  While it prints, characters of the
 *          private use area that the documents do not have stand in.
 * Limits   STAND_IN_MAX different characters; others are printed as libyaml likes.
 */
#ifndef FARGUARD_MANIFEST_STAND_IN_H
#define FARGUARD_MANIFEST_STAND_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "webhook/manifest/node.h"
#include "webhook/manifest/text.h"

#define STAND_IN_MAX   256
#define STAND_IN_FIRST 0xe000u /* to U+EFFF */
#define STAND_IN_RANGE 0x1000u

struct stand_in {
	bool taken[STAND_IN_RANGE]; /* characters that the documents have or that stand in */
	struct {
		uint32_t code, instead;
	} pairs[STAND_IN_MAX];
	size_t count;
};

/* Note the private characters that `node` and what is below it has. */
void stand_in_scan(struct stand_in *stand_in, const struct node *node);

/* Whether stand_in_encode() would change `text`. */
bool stand_in_needs(struct str text, const char *ascii);

/* Append `text` with stand-ins for the characters in `ascii` and for those above U+FFFF. */
void stand_in_encode(struct stand_in *stand_in, struct str text, const char *ascii,
                     struct text *out);

/* Append `text` with the characters themselves. */
void stand_in_decode(const struct stand_in *stand_in, struct str text, struct text *out);

#endif
