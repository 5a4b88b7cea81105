/* fuzz_record.c - any bytes as one record: checked, then read as its kind promises. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "injector/event/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record *record = malloc(size ? size : 1);

	if (!record)
		return 0;
	if (size)
		memcpy(record, data, size);
	if (record_check(record, size) && record->kind == RECORD_EXEC_DONE) {
		const char *text = record_text(record);

		/* Two strings at least, so neither strlen() may run off the end. */
		if (strlen(text) + 1 + strlen(text + strlen(text) + 1) + 1 > record->text_bytes)
			abort();
	}
	free(record);
	return 0;
}
