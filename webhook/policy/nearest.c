#include "webhook/policy/nearest.h"

#include <string.h>

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein's distance; both are shorter than NEAREST_BYTES_MAX. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[NEAREST_BYTES_MAX], i, j;

	for (j = 0; b[j]; j++)
		row[j] = j;
	row[j] = j;
	for (i = 1; a[i - 1]; i++) {
		unsigned before = row[0];

		row[0] = i;
		for (j = 1; b[j - 1]; j++) {
			unsigned here =
			        min3(row[j] + 1, row[j - 1] + 1, before + (a[i - 1] != b[j - 1]));

			before = row[j];
			row[j] = here;
		}
	}
	return row[strlen(b)];
}

void nearest_offer(struct nearest *nearest, const char *word)
{
	unsigned d;

	if (strnlen(nearest->text, NEAREST_BYTES_MAX) == NEAREST_BYTES_MAX ||
	    strnlen(word, NEAREST_BYTES_MAX) == NEAREST_BYTES_MAX)
		return;
	d = distance(nearest->text, word);
	if (nearest->word && d >= nearest->distance)
		return;
	nearest->word = word;
	nearest->distance = d;
}

const char *nearest_word(const struct nearest *nearest)
{
	if (nearest->word && nearest->distance <= 1 + strlen(nearest->word) / 3)
		return nearest->word;
	return NULL;
}
