/* fuzz_event.c - any records, one after the other, through the process table into lines.
 *
 * The input is what a spool has behind its hello: u32 length + record, again and again; time
 * passes by the low bits of each length's place.  Every line must be whole and end once.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "injector/event/record.h"
#include "injector/report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char line[REPORT_LINE_MAX];

static void say(void *ctx, const struct proc_event *event)
{
	static const struct report_pod pod;
	const struct report_head head = {.pod = &pod,
	                                 .seq = ++*(uint64_t *)ctx,
	                                 .time_ns = event->time_ns,
	                                 .container = STR("web")};
	size_t len = report_event(line, &head, event, STR("root"));

	if (len < 2 || len > sizeof(line) || line[0] != '{' || line[len - 2] != '}' ||
	    memchr(line, '\n', len) != line + len - 1)
		abort();
	if (event->parent_count > PROC_PARENTS_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct proc_table table;
	static union {
		struct record record;
		unsigned char bytes[RECORD_BYTES_MAX];
	} one;
	struct proc_source source = {.container = 1, .origin = PROC_ORIGIN_ENTRYPOINT};
	uint64_t now_ns = 0, lines = 0, records = 0;
	uint32_t len;

	for (; size >= sizeof(len); data += len, size -= len) {
		memcpy(&len, data, sizeof(len));
		data += sizeof(len);
		size -= sizeof(len);
		if (len > size || len > sizeof(one.bytes))
			break;
		memcpy(one.bytes, data, len);
		if (!record_check(&one.record, len))
			break;
		proc_feed(&table, &source, &one.record, now_ns, say, &lines);
		now_ns += (uint64_t)one.record.tid % 4 * PROC_PENDING_NS;
		proc_expire(&table, now_ns, say, &lines);
		records++;
	}
	proc_end(&table, &source, say, &lines);
	/* One, or two: what was pending, and its own. */
	if (lines > 2 * records || table.count || table.pending_count)
		abort();
	return 0;
}
