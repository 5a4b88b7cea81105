/* proc.c - from records to events.
 *
 *   TRY                     waits for its outcome
 *   TRY ... FAIL, or TRY    nothing came of the first: dropped (a search along PATH)
 *   TRY ... DONE            one execve, in the words of the program that came of it
 *   TRY ... (250 ms, EXIT)  a program that cannot speak: in the words of who started it;
 *                           whether it worked is known only to a launcher or posix_spawn
 *   DONE ... TRY(SPAWNED)   the parent was the slower one: nothing new
 *   (250 ms) ... DONE       the program was the slower one: nothing new, if it is the one
 *                           that was announced
 */
#include "injector/proc/proc.h"

#include <assert.h>

#include "injector/proc/path.h"
#include "injector/proc/table.h"

/* The pieces of an exec record's text. */
struct exec_text {
	struct str path, cwd, args;
};

static struct exec_text exec_text(const struct record *record)
{
	struct str rest = {record_text(record), record->text_bytes};
	struct exec_text text;

	text.path = str_cut(&rest, '\0');
	text.cwd = str_cut(&rest, '\0');
	text.args = rest;
	return text;
}

static bool copy(char *to, size_t cap, struct str from)
{
	bool whole = from.len < cap;
	size_t len = whole ? from.len : cap - 1;

	memcpy(to, from.ptr, len);
	to[len] = '\0';
	return whole;
}

static struct str whole(const char *s)
{
	return (struct str){s, strlen(s)};
}

static enum proc_origin origin_of(const struct proc_table *table, const struct proc_source *source,
                                  const struct record *record, const struct record *asked,
                                  const struct proc *known)
{
	unsigned flags = record->flags | (asked ? asked->flags : 0);
	const struct proc *parent;

	if (flags & RECORD_FIRST)
		return source->origin;
	if (flags & RECORD_SESSION)
		return source->origin == PROC_ORIGIN_EPHEMERAL ? PROC_ORIGIN_EPHEMERAL
		                                               : PROC_ORIGIN_EXEC;
	if (known && known->used && known->ppid == record->ppid && known->origin)
		return known->origin;
	parent = proc_find(table, source->container, record->ppid);
	if (parent && parent->origin)
		return parent->origin;
	return source->mixed ? PROC_ORIGIN_UNKNOWN : source->origin;
}

/* A parent is in use as long as its children are: a shell that starts thousands of them stays. */
static void find_parents(struct proc_table *table, struct proc_event *event)
{
	uint16_t container = event->source->container;
	int32_t pid = event->ppid;
	const struct proc *parent;

	while (event->parent_count < PROC_PARENTS_MAX && pid > 0) {
		if (pid == event->pid || !proc_find(table, container, pid))
			return;
		parent = table_touch(table, container, pid);
		event->parents[event->parent_count++] = parent;
		pid = parent->ppid == parent->pid ? 0 : parent->ppid;
	}
}

/* Keep what later events of this process and its children will say about it. */
static void remember(struct proc *proc, const struct proc_event *event)
{
	size_t args_len = event->args.len;

	proc->ppid = event->ppid;
	proc->uid = event->uid;
	proc->gid = event->gid;
	proc->tty = event->tty;
	proc->origin = event->origin;
	proc->exec_ns = event->time_ns;
	proc->cut = event->cut;
	copy(proc->name, sizeof(proc->name), event->name);
	if (!copy(proc->exe, sizeof(proc->exe), event->exe) ||
	    !copy(proc->cwd, sizeof(proc->cwd), event->cwd))
		proc->cut = true;
	if (args_len > sizeof(proc->args)) {
		args_len = sizeof(proc->args);
		proc->cut = true;
	}
	memcpy(proc->args, event->args.ptr, args_len);
	if (args_len)
		proc->args[args_len - 1] = '\0';
	proc->args_len = (uint16_t)args_len;
}

static struct str comm_of(struct str path)
{
	struct str name = path_name(path);

	if (name.len > PROC_NAME_BYTES - 1)
		name.len = PROC_NAME_BYTES - 1;
	return name;
}

/* One execve from `record`; `asked` is the TRY that led to it, or NULL.  The kernel names a
 * process after the file that was asked for (a script, a link), not after what runs it. */
static void give_exec(struct proc_table *table, const struct proc_source *source,
                      const struct record *record, const struct record *asked, bool known,
                      proc_emit *emit, void *ctx)
{
	struct exec_text text = exec_text(record);
	struct proc *proc = table_touch(table, source->container, record->pid);
	struct proc_event event = {
	        .source = source,
	        .type = PROC_EXECVE,
	        .time_ns = record->time_ns,
	        .claimed = !(record->flags & RECORD_LAUNCHED),
	        .result_known = known,
	        .pid = record->pid,
	        .ppid = record->ppid,
	        .uid = record->uid,
	        .gid = record->gid,
	        .tty = record->tty,
	        .args = text.args,
	        .cwd = text.cwd,
	        .cut = record->flags & RECORD_CUT,
	};

	event.exe.ptr = table->exe;
	event.exe.len = path_join(text.cwd, text.path, table->exe, sizeof(table->exe), &event.cut);
	event.name = comm_of(asked ? exec_text(asked).path : event.exe);
	event.origin = origin_of(table, source, record, asked, proc);
	find_parents(table, &event);
	remember(proc, &event);
	proc->said_for = record->kind == RECORD_EXEC_TRY;
	proc->guessed = !known;
	emit(ctx, &event);
}

static struct proc_pending *pending_find(struct proc_table *table, uint16_t container, int32_t pid)
{
	size_t i;

	if (!table->pending_count)
		return NULL;
	for (i = 0; i < PROC_PENDING_MAX; i++) {
		struct proc_pending *p = &table->pending[i];

		if (p->source && p->source->container == container && p->record.pid == pid)
			return p;
	}
	return NULL;
}

static void pending_drop(struct proc_table *table, struct proc_pending *pending)
{
	if (!pending)
		return;
	pending->source = NULL;
	table->pending_count--;
}

static void pending_give(struct proc_table *table, struct proc_pending *pending, proc_emit *emit,
                         void *ctx)
{
	bool known = pending->record.flags & (RECORD_LAUNCHED | RECORD_SPAWNED);

	give_exec(table, pending->source, &pending->record, NULL, known, emit, ctx);
	pending_drop(table, pending);
}

/* A place; without a free one, the oldest of the source that has the most is given out. */
static struct proc_pending *pending_free(struct proc_table *table, proc_emit *emit, void *ctx)
{
	uint8_t count[PROC_SOURCES_MAX] = {0};
	struct proc_pending *victim = NULL;
	size_t i;

	for (i = 0; i < PROC_PENDING_MAX; i++) {
		if (!table->pending[i].source)
			return &table->pending[i];
		count[table->pending[i].source->container]++;
	}
	for (i = 0; i < PROC_PENDING_MAX; i++) {
		struct proc_pending *p = &table->pending[i];
		uint8_t more = count[p->source->container];

		if (!victim || more > count[victim->source->container] ||
		    (more == count[victim->source->container] && p->since_ns < victim->since_ns))
			victim = p;
	}
	pending_give(table, victim, emit, ctx);
	return victim;
}

/* Whether two readings of a clock that may be set back are of about the same time. */
static bool near(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) < PROC_LATE_NS;
}

/* Whether `record`, in which a parent says that its child runs, comes after the child's own word.
 * posix_spawn's carries the time from before; a launcher's may carry one from shortly after. */
static bool said_already(const struct proc *proc, const struct record *record)
{
	if (proc->said_for)
		return false;
	if (record->flags & RECORD_SPAWNED)
		return proc->exec_ns >= record->time_ns;
	return record->flags & RECORD_LAUNCHED && proc->ppid == record->ppid &&
	       near(proc->exec_ns, record->time_ns);
}

/* Whether the program of `record` is the one that its TRY had announced. */
static bool is_announced(struct proc_table *table, const struct proc *proc,
                         const struct record *record)
{
	struct exec_text text = exec_text(record);
	size_t args_len = text.args.len;
	struct str exe = {table->exe, 0};
	bool cut;

	exe.len = path_join(text.cwd, text.path, table->exe, sizeof(table->exe), &cut);
	if (exe.len > sizeof(proc->exe) - 1)
		exe.len = sizeof(proc->exe) - 1;
	if (args_len > sizeof(proc->args))
		args_len = sizeof(proc->args);
	/* The last byte is a NUL, here or in what was kept. */
	return str_eq(exe, whole(proc->exe)) && args_len == proc->args_len &&
	       (args_len == 0 || memcmp(text.args.ptr, proc->args, args_len - 1) == 0);
}

static void take_try(struct proc_table *table, struct proc_source *source,
                     const struct record *record, uint64_t now_ns, proc_emit *emit, void *ctx)
{
	struct proc_pending *pending = pending_find(table, source->container, record->pid);
	struct proc *proc =
	        (struct proc *)(uintptr_t)proc_find(table, source->container, record->pid);

	if (proc && said_already(proc, record)) {
		/* Only the launcher knows what it started. */
		if (record->flags & (RECORD_FIRST | RECORD_SESSION))
			proc->origin = origin_of(table, source, record, NULL, proc);
		return;
	}
	if (pending && pending->record.flags & (RECORD_LAUNCHED | RECORD_SPAWNED)) {
		/* That one did run, and now asks for another program. */
		pending_give(table, pending, emit, ctx);
		pending = NULL;
	}
	if (!pending) {
		pending = pending_free(table, emit, ctx);
		table->pending_count++;
	}
	pending->source = source;
	pending->since_ns = now_ns;
	memcpy(pending->bytes, record, sizeof(*record) + record->text_bytes);
}

static void take_fail(struct proc_table *table, const struct proc_source *source,
                      const struct record *record)
{
	struct proc_pending *pending = pending_find(table, source->container, record->pid);

	/* A program that a launcher or a parent started is beyond its exec; only the launcher
	 * itself takes its word back. */
	if (pending && (record->flags & RECORD_LAUNCHED ||
	                !(pending->record.flags & (RECORD_LAUNCHED | RECORD_SPAWNED))))
		pending_drop(table, pending);
}

static void take_done(struct proc_table *table, const struct proc_source *source,
                      const struct record *record, proc_emit *emit, void *ctx)
{
	struct proc_pending *pending = pending_find(table, source->container, record->pid);
	struct proc *proc =
	        (struct proc *)(uintptr_t)proc_find(table, source->container, record->pid);

	if (!pending && proc && proc->said_for && near(record->time_ns, proc->exec_ns) &&
	    (!proc->guessed || is_announced(table, proc, record))) {
		proc->said_for = false;
		return;
	}
	give_exec(table, source, record, pending ? &pending->record : NULL, true, emit, ctx);
	pending_drop(table, pending);
}

/* What the table knows of the process that `record` is about. */
static void describe(struct proc_table *table, const struct record *record,
                     struct proc_event *event)
{
	const struct proc *proc = proc_find(table, event->source->container, record->pid);

	event->time_ns = record->time_ns;
	event->pid = record->pid;
	event->ppid = record->ppid;
	event->uid = record->uid;
	event->gid = record->gid;
	event->tty = record->tty;
	event->result = record->result;
	event->who_unknown = record->kind == RECORD_EXIT && !proc;
	if (!proc) {
		event->origin = event->source->mixed ? PROC_ORIGIN_UNKNOWN : event->source->origin;
		return;
	}
	if (record->kind == RECORD_EXIT) {
		/* Said by whoever reaped it, who does not know. */
		event->uid = proc->uid;
		event->gid = proc->gid;
	}
	event->ppid = proc->ppid;
	event->tty = proc->tty;
	event->origin = proc->origin;
	event->name = whole(proc->name);
	event->exe = whole(proc->exe);
	event->cwd = whole(proc->cwd);
	event->args = (struct str){proc->args, proc->args_len};
	event->cut = proc->cut;
	find_parents(table, event);
}

static void take_exit(struct proc_table *table, const struct proc_source *source,
                      const struct record *record, proc_emit *emit, void *ctx)
{
	struct proc_pending *pending = pending_find(table, source->container, record->pid);
	struct proc_event event = {.source = source, .type = PROC_EXIT, .result_known = true};
	struct proc *proc;

	if (pending)
		pending_give(table, pending, emit, ctx);
	describe(table, record, &event);
	event.result = (int32_t)record->args[0];
	emit(ctx, &event);
	proc = (struct proc *)(uintptr_t)proc_find(table, source->container, record->pid);
	if (proc)
		table_remove(table, proc);
}

static void take_other(struct proc_table *table, const struct proc_source *source,
                       const struct record *record, proc_emit *emit, void *ctx)
{
	struct proc_event event = {.source = source, .claimed = true};
	struct str rest = {record_text(record), record->text_bytes}, path, cwd;

	describe(table, record, &event);
	event.result_known = !(record->flags & RECORD_IN_PROGRESS);
	if (record->kind == RECORD_OPEN) {
		event.type = PROC_OPENAT;
		path = str_cut(&rest, '\0');
		cwd = str_cut(&rest, '\0');
		event.path_cut = record->flags & RECORD_CUT;
		event.path.ptr = table->path;
		event.path.len =
		        path_join(cwd, path, table->path, sizeof(table->path), &event.path_cut);
		event.flags = record->args[0];
		event.mode = record->args[1];
	} else {
		event.type = PROC_CONNECT;
		event.address = rest;
	}
	emit(ctx, &event);
}

void proc_feed(struct proc_table *table, struct proc_source *source, const struct record *record,
               uint64_t now_ns, proc_emit *emit, void *ctx)
{
	if (record->flags & RECORD_SESSION)
		source->mixed = true;
	switch ((enum record_kind)record->kind) {
	case RECORD_EXEC_TRY:
		take_try(table, source, record, now_ns, emit, ctx);
		break;
	case RECORD_EXEC_FAIL:
		take_fail(table, source, record);
		break;
	case RECORD_EXEC_DONE:
		take_done(table, source, record, emit, ctx);
		break;
	case RECORD_EXIT:
		take_exit(table, source, record, emit, ctx);
		break;
	case RECORD_OPEN:
	case RECORD_CONNECT:
		take_other(table, source, record, emit, ctx);
		break;
	case RECORD_KIND_END:
		break;
	}
}

void proc_expire(struct proc_table *table, uint64_t now_ns, proc_emit *emit, void *ctx)
{
	size_t i;

	for (i = 0; i < PROC_PENDING_MAX && table->pending_count; i++) {
		struct proc_pending *p = &table->pending[i];

		if (p->source && now_ns - p->since_ns >= PROC_PENDING_NS)
			pending_give(table, p, emit, ctx);
	}
}

void proc_end(struct proc_table *table, const struct proc_source *source, proc_emit *emit,
              void *ctx)
{
	size_t i;

	for (i = 0; i < PROC_PENDING_MAX && table->pending_count; i++)
		if (table->pending[i].source == source)
			pending_give(table, &table->pending[i], emit, ctx);
	for (i = 0; i < PROC_MAX && table->count; i++)
		if (table->procs[i].used && table->procs[i].container == source->container)
			table_remove(table, &table->procs[i]);
}
