#include "webhook/ctl/explained.h"

#include <stdio.h>
#include <string.h>

#include "webhook/ctl/advice.h"
#include "webhook/mutate/tree.h"

#define WARNING_PREFIX "farguard: "
#define WORDS_MAX      64

size_t explained_warning_count(const struct explained *e)
{
	return e->explain ? tree_count(e->explain->result.warnings) : 0;
}

const char *explained_warning(const struct explained *e, size_t index, char out_word[32])
{
	const char *text = json_object_get_string(
	        json_object_array_get_idx(e->explain->result.warnings, index));
	const char *colon;

	if (strncmp(text, WARNING_PREFIX, strlen(WARNING_PREFIX)) == 0)
		text += strlen(WARNING_PREFIX);
	colon = strchr(text, ':');
	snprintf(out_word, 32, "%.*s", colon ? (int)(colon - text) : 0, text);
	/* Of tasks some are sentences without a word, about containers that are told anyway. */
	if (!colon || strcmp(out_word, reason_name(e->reason)) == 0 || strchr(out_word, ' '))
		return "";
	return colon + 1 + strspn(colon + 1, " ");
}

struct told {
	const char *words[WORDS_MAX];
	size_t count;
	void *ctx;
	void (*tell)(void *ctx, const char *word, const char *way_out);
};

static void tell_once(struct told *told, const char *word)
{
	const char *way_out = advice_way_out(word);

	for (size_t i = 0; i < told->count; i++)
		if (strcmp(told->words[i], word) == 0)
			return;
	if (!way_out || told->count == WORDS_MAX)
		return;
	told->words[told->count++] = word;
	told->tell(told->ctx, word, way_out);
}

void explained_ways_out(const struct explained *e, void *ctx,
                        void (*tell)(void *ctx, const char *word, const char *way_out))
{
	char warnings[MUTATE_WARNINGS_MAX + 1][32];
	struct told told = {.ctx = ctx, .tell = tell};

	tell_once(&told, reason_name(e->reason));
	for (size_t i = 0; e->explain && i < e->explain->count; i++)
		if (e->explain->containers[i].reason)
			tell_once(&told, e->explain->containers[i].reason);
	for (size_t i = 0; i < explained_warning_count(e) && i <= MUTATE_WARNINGS_MAX; i++)
		if (*explained_warning(e, i, warnings[i]))
			tell_once(&told, warnings[i]);
}
