/* feed.h - records as a sensor writes them, and the events that came of them. */
#ifndef FARGUARD_TESTS_UNIT_INJECTOR_PROC_FEED_H
#define FARGUARD_TESTS_UNIT_INJECTOR_PROC_FEED_H

#include <stdio.h>

#include "injector/proc/proc.h"
#include "tests/harness.h"

#define SECOND       1000000000ull
#define EVENTS_KEPT  8
#define TEXT(string) (string), sizeof(string)

/* What an event said, copied: its strings do not outlive the call. */
struct seen {
	enum proc_type type;
	int32_t pid, ppid, result;
	uint32_t uid, gid;
	uint64_t time_ns;
	enum proc_origin origin;
	bool known, claimed, cut, path_cut, who_unknown;
	char name[64], exe[512], cwd[512], args[512], path[PROC_PATH_MAX];
	size_t args_len, address_len;
	int32_t parents[PROC_PARENTS_MAX];
	unsigned parent_count;
};

static struct proc_table table;
static struct proc_source web = {.container = 3, .origin = PROC_ORIGIN_ENTRYPOINT};
static struct seen seen[EVENTS_KEPT];
static unsigned count; /* of events, ever */
static uint64_t clock_ns;

static inline void keep(char *to, size_t cap, struct str from)
{
	assert_true(from.len < cap);
	if (from.len)
		memcpy(to, from.ptr, from.len);
	to[from.len] = '\0';
}

static inline void on_event(void *ctx, const struct proc_event *event)
{
	struct seen *s = &seen[count++ % EVENTS_KEPT];
	unsigned i;

	assert_ptr_equal(ctx, &table);
	*s = (struct seen){.type = event->type,
	                   .pid = event->pid,
	                   .ppid = event->ppid,
	                   .result = event->result,
	                   .uid = event->uid,
	                   .gid = event->gid,
	                   .time_ns = event->time_ns,
	                   .origin = event->origin,
	                   .known = event->result_known,
	                   .claimed = event->claimed,
	                   .cut = event->cut,
	                   .path_cut = event->path_cut,
	                   .who_unknown = event->who_unknown,
	                   .args_len = event->args.len,
	                   .address_len = event->address.len,
	                   .parent_count = event->parent_count};
	keep(s->name, sizeof(s->name), event->name);
	if (event->exe.len < sizeof(s->exe))
		keep(s->exe, sizeof(s->exe), event->exe);
	if (event->cwd.len < sizeof(s->cwd))
		keep(s->cwd, sizeof(s->cwd), event->cwd);
	if (event->args.len < sizeof(s->args))
		keep(s->args, sizeof(s->args), event->args);
	keep(s->path, sizeof(s->path), event->path);
	for (i = 0; i < event->parent_count; i++)
		s->parents[i] = event->parents[i]->pid;
}

/* The last event. */
static inline const struct seen *last(void)
{
	assert_true(count > 0);
	return &seen[(count - 1) % EVENTS_KEPT];
}

static union {
	struct record head;
	char bytes[RECORD_BYTES_MAX];
} next;

/* Feed a record: `head` with `text` behind it. */
static inline void feed(struct record head, const char *text, size_t len)
{
	head.text_bytes = (uint32_t)len;
	if (!head.time_ns)
		head.time_ns = clock_ns;
	next.head = head;
	if (len)
		memcpy(next.bytes + sizeof(head), text, len);
	assert_true(record_check(&next.head, sizeof(head) + len));
	proc_feed(&table, &web, &next.head, clock_ns, on_event, &table);
}

/* `text` as TEXT(): the literal's NUL closes the last string. */
static inline void tries(int32_t pid, int32_t ppid, unsigned flags, const char *text, size_t len)
{
	feed((struct record){.kind = RECORD_EXEC_TRY,
	                     .flags = (uint16_t)flags,
	                     .pid = pid,
	                     .ppid = ppid,
	                     .uid = 5},
	     text, len);
}

static inline void done(int32_t pid, int32_t ppid, const char *text, size_t len)
{
	feed(
	        (struct record){
	                .kind = RECORD_EXEC_DONE, .pid = pid, .ppid = ppid, .uid = 33, .gid = 34},
	        text, len);
}

static inline void fails(int32_t pid)
{
	feed((struct record){.kind = RECORD_EXEC_FAIL, .pid = pid, .result = -2}, "", 0);
}

/* A launcher says that its program could not be executed. */
static inline void refuses(int32_t pid)
{
	feed((struct record){.kind = RECORD_EXEC_FAIL,
	                     .flags = RECORD_LAUNCHED,
	                     .pid = pid,
	                     .result = -8},
	     "", 0);
}

static inline void ends(int32_t pid, int status)
{
	feed((struct record){.kind = RECORD_EXIT, .pid = pid, .args = {(uint32_t)status}}, "", 0);
}

static inline void passes(uint64_t ns)
{
	clock_ns += ns;
	proc_expire(&table, clock_ns, on_event, &table);
}

static inline int fresh(void **state)
{
	(void)state;
	memset(&table, 0, sizeof(table));
	memset(seen, 0, sizeof(seen));
	web = (struct proc_source){.container = 3, .origin = PROC_ORIGIN_ENTRYPOINT};
	count = 0;
	clock_ns = 1700000000 * SECOND;
	return 0;
}

#endif
