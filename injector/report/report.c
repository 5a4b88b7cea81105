/* report.c - the records about the agent and its containers. */
#include "injector/report/report.h"

#include <assert.h>
#include <stdio.h>

#include "injector/base/version.h"
#include "injector/report/head.h"

/* Of a line, after escaping.  Kubernetes bounds names to 253 bytes and labels to 63. */
#define NAME_ESCAPED  256
#define IMAGE_ESCAPED 512

/* The date of a day since 1970, by counting in eras of 400 years that begin in March: gmtime_r()
 * may read a time zone file and allocate. */
static void civil(uint64_t day, unsigned *year, unsigned *month, unsigned *day_of_month)
{
	uint64_t since_0000_03_01 = day + 719468, era = since_0000_03_01 / 146097;
	unsigned in_era = (unsigned)(since_0000_03_01 % 146097);
	unsigned year_of_era = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	unsigned in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned from_march = (5 * in_year + 2) / 153;

	*day_of_month = in_year - (153 * from_march + 2) / 5 + 1;
	*month = from_march < 10 ? from_march + 3 : from_march - 9;
	*year = (unsigned)era * 400 + year_of_era + (*month <= 2);
}

static void put_time(struct jsonw *w, uint64_t time_ns)
{
	uint64_t seconds = time_ns / 1000000000u;
	unsigned second = (unsigned)(seconds % 86400), year, month, day;
	char text[64];

	civil(seconds / 86400, &year, &month, &day);
	snprintf(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02u.%09uZ", year, month, day,
	         second / 3600, second / 60 % 60, second % 60, (unsigned)(time_ns % 1000000000u));
	jsonw_cstr(w, "time", text);
}

void head_open(struct jsonw *w, char *line, const struct report_head *head, const char *kind)
{
	jsonw_init(w, line, REPORT_LINE_MAX - 1);
	jsonw_object(w, NULL);
	jsonw_int(w, "schema", REPORT_SCHEMA);
	jsonw_uint(w, "seq", head->seq);
	put_time(w, head->time_ns);
	jsonw_cstr(w, "kind", kind);
	jsonw_str_cut(w, "namespace", head->pod->namespace_, NAME_ESCAPED);
	jsonw_str_cut(w, "pod", head->pod->pod, NAME_ESCAPED);
	jsonw_str_cut(w, "node", head->pod->node, NAME_ESCAPED);
	jsonw_str_cut(w, "workload", head->pod->workload, NAME_ESCAPED);
	if (head->container.len)
		jsonw_str_cut(w, "container", head->container, NAME_ESCAPED);
	if (head->image.len)
		jsonw_str_cut(w, "image", head->image, IMAGE_ESCAPED);
}

size_t head_close(struct jsonw *w)
{
	size_t len;

	jsonw_end_object(w);
	len = jsonw_finish(w);
	assert(len > 0);
	w->buf[len] = '\n';
	return len + 1;
}

size_t report_hello(char *line, const struct report_head *head, const char *kernel,
                    const struct report_config *config, const char *reason)
{
	struct jsonw w;

	head_open(&w, line, head, reason ? "goodbye" : "hello");
	jsonw_cstr(&w, "version", FARGUARD_VERSION);
	jsonw_str_cut(&w, "kernel", (struct str){kernel, strlen(kernel)}, NAME_ESCAPED);
	jsonw_object(&w, "config");
	jsonw_array(&w, "events");
	if (config->classes & REPORT_PROCESS)
		jsonw_cstr(&w, NULL, "process");
	if (config->classes & REPORT_FILE)
		jsonw_cstr(&w, NULL, "file");
	if (config->classes & REPORT_NETWORK)
		jsonw_cstr(&w, NULL, "network");
	jsonw_end_array(&w);
	jsonw_uint(&w, "heartbeatSeconds", config->heartbeat_seconds);
	jsonw_uint(&w, "containers", config->containers);
	jsonw_cstr(&w, "restartPolicy", config->restart_policy);
	jsonw_end_object(&w);
	if (reason)
		jsonw_cstr(&w, "reason", reason);
	else if (config->restarted)
		jsonw_cstr(&w, "restarted", config->restarted);
	if (!reason && config->note)
		jsonw_cstr(&w, "note", config->note);
	return head_close(&w);
}

/* What the preload rung cannot see; injector/README.md says it in sentences. */
static const char *const blind[] = {
        "static-programs",     /* not told by a dynamic parent, they are silent inside */
        "direct-syscalls",     /* made without the C library */
        "libc-internal-calls", /* opens and connects that libc makes inside itself */
        "file-reads",          /* only opens for writing are hooked */
        "library-removed",     /* a process that takes the library out of its memory */
        "process-exits",       /* of programs that the launcher did not start */
        "forks",               /* a child is seen when it executes something */
};

size_t report_coverage(char *line, const struct report_head *head,
                       const struct report_coverage *coverage)
{
	struct jsonw w;
	size_t i;

	head_open(&w, line, head, "coverage");
	jsonw_bool(&w, "covered", coverage->covered);
	if (coverage->covered && coverage->how)
		jsonw_cstr(&w, "how", coverage->how);
	if (!coverage->covered)
		jsonw_str_cut(&w, "reason", coverage->reason, NAME_ESCAPED);
	if (coverage->detail)
		jsonw_cstr(&w, "detail", coverage->detail);
	if (coverage->session)
		jsonw_bool(&w, "session", true);
	if (head->contested)
		jsonw_bool(&w, "contested", true);
	if (coverage->covered) {
		jsonw_cstr(&w, "sensor", "preload");
		jsonw_bool(&w, "gate", false);
	}
	if (coverage->pid1)
		jsonw_cstr(&w, "pid1", coverage->pid1);
	if (coverage->restarts)
		jsonw_uint(&w, "workerRestarts", coverage->restarts);
	if (coverage->no_new_privs)
		jsonw_cstr(&w, "noNewPrivs", coverage->no_new_privs);
	if (coverage->covered) {
		jsonw_array(&w, "blind");
		for (i = 0; i < sizeof(blind) / sizeof(*blind); i++)
			jsonw_cstr(&w, NULL, blind[i]);
		if (coverage->end_unseen)
			jsonw_cstr(&w, NULL, "program-exit");
		jsonw_end_array(&w);
	}
	return head_close(&w);
}

size_t report_heartbeat(char *line, const struct report_head *head,
                        const struct report_heartbeat *heartbeat)
{
	struct jsonw w;

	head_open(&w, line, head, "heartbeat");
	jsonw_uint(&w, "events", heartbeat->events);
	jsonw_uint(&w, "alerts", heartbeat->alerts);
	jsonw_uint(&w, "dropped", heartbeat->dropped);
	jsonw_uint(&w, "memoryBytes", heartbeat->memory_bytes);
	jsonw_milli(&w, "cpuSeconds", heartbeat->cpu_ms);
	return head_close(&w);
}

size_t report_drop(char *line, const struct report_head *head, const char *where, uint64_t count)
{
	struct jsonw w;

	head_open(&w, line, head, "drop");
	jsonw_cstr(&w, "where", where);
	jsonw_uint(&w, "count", count);
	return head_close(&w);
}
