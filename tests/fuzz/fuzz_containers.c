/* fuzz_containers.c - any bytes as FARGUARD_CONTAINERS: what is taken in is well-formed, the rest
 * counted. */
#include <stdint.h>
#include <stdlib.h>

#include "injector/agent/ends.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct containers all;
	static struct ends ends;
	struct str text = {(const char *)data, size}, rest = text;
	unsigned left_out, entries = 0, i;

	all.count = all.listed = 0;
	left_out = containers_parse(&all, text);
	while (rest.len)
		entries += str_cut(&rest, ';').len > 0;
	if (all.listed != all.count || all.count > CONTAINERS_MAX ||
	    left_out + all.count != entries)
		abort();
	for (i = 0; i < all.count; i++) {
		const struct container *c = &all.list[i];

		if (containers_find(&all, c->name) != c ||
		    (c->how.len == 0) == (c->reason.len == 0))
			abort();
	}
	if (ends_all(&ends, &all, RESTART_NEVER, true, 1))
		abort(); /* nobody has ended */
	return 0;
}
