/* record.c - tell a well-formed record from garbage. */
#include "injector/event/record.h"

#include <string.h>

/* The largest socket address, struct sockaddr_storage, has 128 bytes. */
#define ADDRESS_MIN 2
#define ADDRESS_MAX 128

/* What a kind's text must look like. */
struct shape {
	uint16_t strings_min, strings_max; /* NUL-terminated */
	bool address;
};

static const struct shape shapes[RECORD_KIND_END] = {
        [RECORD_EXEC_TRY] = {2, UINT16_MAX, false},
        [RECORD_EXEC_FAIL] = {0, 0, false},
        [RECORD_EXEC_DONE] = {2, UINT16_MAX, false},
        [RECORD_EXIT] = {0, 0, false},
        [RECORD_OPEN] = {2, 2, false},
        [RECORD_CONNECT] = {0, 0, true},
};

static size_t count_strings(const char *text, size_t len)
{
	size_t count = 0, i;

	for (i = 0; i < len; i++)
		count += text[i] == '\0';
	return count;
}

bool record_check(const struct record *record, size_t bytes)
{
	const struct shape *shape;
	const char *text;
	size_t strings;

	if (bytes < sizeof(*record) || bytes > RECORD_BYTES_MAX ||
	    record->text_bytes != bytes - sizeof(*record) || record->zero != 0 ||
	    record->kind == 0 || record->kind >= RECORD_KIND_END)
		return false;
	shape = &shapes[record->kind];
	if (shape->address)
		return record->text_bytes >= ADDRESS_MIN && record->text_bytes <= ADDRESS_MAX;
	text = record_text(record);
	if (record->text_bytes && text[record->text_bytes - 1] != '\0')
		return false;
	strings = count_strings(text, record->text_bytes);
	return strings >= shape->strings_min && strings <= shape->strings_max;
}
