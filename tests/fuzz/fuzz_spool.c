/* fuzz_spool.c - any bytes as a file that an init container left: a hello, then records. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "injector/agent/spool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static union spool_record out;
	struct str rest = {(const char *)data, size};
	struct hello hello;
	int err = spool_take_hello(&rest, &hello);

	if (err < 0 && rest.len != size)
		abort();
	while (rest.len) {
		size_t before = rest.len;

		err = spool_take_record(&rest, &out);
		if (err < 0) {
			if (rest.len != before || (err != -EAGAIN && err != -EBADMSG))
				abort();
			break;
		}
		if (before - rest.len != 4 + sizeof(out.record) + out.record.text_bytes ||
		    !record_check(&out.record, before - rest.len - 4))
			abort();
	}
	return 0;
}
