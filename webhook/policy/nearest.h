/* nearest.h - the known word that somebody may have meant: "did you mean ...?"
 *
 * Owns     Nothing: it points to the words that it was shown.
 * Limits   Words of NEAREST_BYTES_MAX bytes and more are near to nothing.
 * Errors   None.
 */
#ifndef FARGUARD_POLICY_NEAREST_H
#define FARGUARD_POLICY_NEAREST_H

#define NEAREST_BYTES_MAX 64

struct nearest {
	const char *text; /* what was written; set by the caller */
	const char *word; /* the nearest so far, or NULL */
	unsigned distance;
};

/* Compare `text` with a known word. */
void nearest_offer(struct nearest *nearest, const char *word);

/* The nearest word that was offered, when it is near enough to be meant; else NULL. */
const char *nearest_word(const struct nearest *nearest);

#endif
